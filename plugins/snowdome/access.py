"""Who may do what: the session's roles and what they inherit, against the grants on the object and its parents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.records import ACCOUNT_ID, DatabaseRole, Record, Role, User
from snowdome.records import Account as AccountRecord

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.session import Session

PUBLIC = "PUBLIC"
MANAGE_GRANTS = "MANAGE GRANTS"
# an account privilege that stands for privileges on every object of a kind
WIDE = {
    ("WAREHOUSE", "MODIFY"): "MANAGE WAREHOUSES",
    ("WAREHOUSE", "MONITOR"): "MANAGE WAREHOUSES",
    ("WAREHOUSE", "OPERATE"): "MANAGE WAREHOUSES",
    ("TAG", "APPLY"): "APPLY TAG",
}


def closure(account: Account, start: frozenset[int]) -> frozenset[int]:
    """The roles and all that they inherit; PUBLIC belongs to everyone."""
    catalog = account.catalog
    known = catalog.closures.get(start)
    if known is not None:
        return known
    with catalog.lock:
        inherits: dict[int, list[int]] = {}
        for role in catalog.all(Role, DatabaseRole):
            for grant in role.grants:
                inherits.setdefault(grant.to, []).append(role.id)
        public = catalog.find(Role, PUBLIC)
        found = set(start) | ({public.id} if public else set())
        todo = list(found)
        while todo:
            fresh = [role for role in inherits.get(todo.pop(), ()) if role not in found]
            found.update(fresh)
            todo += fresh
        catalog.closures[start] = frozenset(found)
        return catalog.closures[start]


def roles_of(account: Account, session: Session, owner: int | None = None, *, primary: bool = False) -> frozenset[int]:
    """The ids of the roles that count: the session's, or a view owner's, with all they inherit.

    `primary` leaves the secondary roles out: what is created is created by the primary role.
    """
    if owner is not None:
        return closure(account, frozenset({owner}))
    if primary or not session.secondary_roles:
        return closure(account, frozenset({session.role}))
    granted = {role.id for role in granted_to(account, session.user)}
    return closure(account, frozenset({session.role} | granted))


def granted_to(account: Account, grantee: int) -> list[Role]:
    """The account roles granted to that user or role directly, by name."""
    return [r for r in account.catalog.children(ACCOUNT_ID, Role) if any(g.to == grantee for g in r.grants)]


def user_roles(account: Account, user: User) -> list[Role]:
    """The roles granted to the user directly."""
    return granted_to(account, user.id)


def available_roles(account: Account, user: int) -> list[Role]:
    """Every account role the user can use, those inherited included, by name."""
    ids = closure(account, frozenset(role.id for role in granted_to(account, user)))
    return [role for role in account.catalog.children(ACCOUNT_ID, Role) if role.id in ids]


def account_record(account: Account) -> AccountRecord:
    """The record that carries the account's own privileges and parameters."""
    return account.catalog.get(AccountRecord, ACCOUNT_ID)


def parents(account: Account, record: Record) -> Iterator[Record]:
    """The record's schema and database, nearest first."""
    while record.parent > ACCOUNT_ID:
        above = account.catalog.peek(record.parent)
        if above is None:
            return
        yield above
        record = above


def holds(account: Account, roles: frozenset[int], privilege: str, record: Record) -> bool:
    """Whether one of the roles owns the record or has the privilege on it."""
    if record.owner in roles:
        return True
    if any(g.to in roles and g.privilege == privilege for g in record.grants):
        return True
    if any(
        f.inherited and f.kind == record.kind and f.privilege == privilege and f.to in roles
        for above in parents(account, record)
        for f in above.future
    ):
        return True
    wide = WIDE.get((record.kind, privilege))
    return wide is not None and holds_on_account(account, roles, wide)


def holds_on_account(account: Account, roles: frozenset[int], privilege: str) -> bool:
    """Whether one of the roles has that account privilege."""
    return any(g.to in roles and g.privilege == privilege for g in account_record(account).grants)


def has(account: Account, session: Session, privilege: str, record: Record, *, owner: int | None = None) -> bool:
    """Whether the one who asks has the privilege on the record; only the primary role creates."""
    roles = roles_of(account, session, owner, primary=privilege.startswith("CREATE "))
    return holds(account, roles, privilege, record)


def manages_grants(account: Account, session: Session) -> bool:
    """Whether the session may grant and revoke as if it owned everything."""
    return holds_on_account(account, roles_of(account, session), MANAGE_GRANTS)


def may_see(account: Account, session: Session, record: Record, *, owner: int | None = None) -> bool:
    """Whether the one who asks has anything at all on the record, owns it, or manages grants."""
    roles = roles_of(account, session, owner)
    if record.owner in roles or any(g.to in roles for g in record.grants):
        return True
    if holds_on_account(account, roles, MANAGE_GRANTS):
        return True
    if record.kind == "WAREHOUSE" and holds_on_account(account, roles, "MANAGE WAREHOUSES"):
        return True
    if record.id in roles or (record.kind == "USER" and record.id == session.user):
        return True
    return any(
        f.inherited and f.kind == record.kind and f.to in roles
        for above in parents(account, record)
        for f in above.future
    )


def check(account: Account, session: Session, privilege: str, record: Record, *, owner: int | None = None) -> None:
    """The privilege is there, or Snowflake's refusal is raised: unseen objects do not exist."""
    if has(account, session, privilege, record, owner=owner):
        return
    if record.id != ACCOUNT_ID and not may_see(account, session, record, owner=owner):
        kind = "Object" if record.space == "RELATION" else record.kind.capitalize()
        raise errors.not_found(kind, full_name(account, record))
    raise errors.insufficient_privileges(record.kind, record.name)


def check_account(account: Account, session: Session, privilege: str) -> None:
    """The account privilege is there, or Snowflake's refusal is raised."""
    roles = roles_of(account, session, primary=privilege.startswith("CREATE "))
    if not holds_on_account(account, roles, privilege):
        raise errors.insufficient_privileges("ACCOUNT", account_record(account).name)


def full_name(account: Account, record: Record) -> str:
    """The record's name with those of its parents."""
    names = [record.name, *(above.name for above in parents(account, record))]
    return ".".join(reversed(names))


def may_assume(account: Account, user: User, role: Role) -> bool:
    """Whether the user has the role, directly, by inheritance, or as everybody has PUBLIC."""
    return role.id in closure(account, frozenset(granted.id for granted in granted_to(account, user.id)))
