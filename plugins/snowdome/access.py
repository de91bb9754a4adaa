"""Who may do what: the session's roles and what they inherit, against the grants on the object and its parents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.records import Record, Role, User

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.session import Session

ALL_POWERFUL = "ACCOUNTADMIN"


def roles_of(account: Account, session: Session, owner: int | None = None) -> frozenset[int]:
    """The ids of the roles that count: the session's, or a view owner's, with all they inherit."""
    start = {owner} if owner is not None else {session.role}
    if owner is None and session.secondary_roles:
        start |= {r.id for r in account.catalog.all(Role) if any(g.to == session.user for g in r.grants)}
    found: set[int] = set()
    roles = account.catalog.all(Role)
    while start:
        found |= start
        start = {r.id for r in roles if r.id not in found and any(g.to in found for g in r.grants)}
    return frozenset(found)


def has(account: Account, session: Session, privilege: str, record: Record, *, owner: int | None = None) -> bool:
    """Whether one of those roles owns the record or was given the privilege on it."""
    roles = roles_of(account, session, owner)
    powerful = account.catalog.find(Role, ALL_POWERFUL)
    if powerful is not None and powerful.id in roles:
        return True
    return record.owner in roles or any(g.to in roles and g.privilege in {privilege, "ALL"} for g in record.grants)


def may_see(account: Account, session: Session, record: Record, *, owner: int | None = None) -> bool:
    """Whether one of those roles has anything at all on the record or owns it."""
    roles = roles_of(account, session, owner)
    powerful = account.catalog.find(Role, ALL_POWERFUL)
    if powerful is not None and powerful.id in roles:
        return True
    return record.owner in roles or any(g.to in roles for g in record.grants)


def check(account: Account, session: Session, privilege: str, record: Record, *, owner: int | None = None) -> None:
    """The privilege is there, or Snowflake's refusal is raised: unseen objects do not exist."""
    if has(account, session, privilege, record, owner=owner):
        return
    if not may_see(account, session, record, owner=owner):
        raise errors.not_found("Object", record.name)
    raise errors.insufficient_privileges(record.kind, record.name)


def user_roles(account: Account, user: User) -> list[Role]:
    """The roles granted to the user directly."""
    return [r for r in account.catalog.all(Role) if any(g.to == user.id for g in r.grants)]
