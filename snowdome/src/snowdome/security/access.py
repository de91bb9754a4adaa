"""Who may do what: the session's roles and what they inherit, against the grants on the object and its parents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.security import session_policies
from snowdome.state.records import ACCOUNT_ID, Database, DatabaseRole, Record, Role, Schema, User
from snowdome.state.records import Account as AccountRecord

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

PUBLIC = "PUBLIC"
MANAGE_GRANTS = "MANAGE GRANTS"
# an account privilege that stands for privileges on every object of a kind
WIDE = {
    ("WAREHOUSE", "MODIFY"): "MANAGE WAREHOUSES",
    ("WAREHOUSE", "MONITOR"): "MANAGE WAREHOUSES",
    ("WAREHOUSE", "OPERATE"): "MANAGE WAREHOUSES",
    ("TAG", "APPLY"): "APPLY TAG",
    ("MASKING POLICY", "APPLY"): "APPLY MASKING POLICY",
    ("SESSION POLICY", "APPLY"): "APPLY SESSION POLICY",
}
SEEN_WITH = {"WAREHOUSE": "MANAGE WAREHOUSES"} | {
    kind: wide for (kind, privilege), wide in WIDE.items() if privilege == "APPLY"
}
"""The account privilege that lets every object of a kind be seen."""


ALL_SEEN = (MANAGE_GRANTS, "RESOLVE ALL", "MONITOR")
"""The account privileges that let every object be seen (docs user-guide/security-access-control-privileges)."""


def closure(account: Account, start: frozenset[int]) -> frozenset[int]:
    """The roles (or the user) and all that they inherit; PUBLIC belongs to everyone."""
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

    `primary` leaves the secondary roles out: what is created is created by the primary role. A role that was taken from
    the user while it is in it counts no more. With secondary roles ALL the user itself is among them, because what was
    granted to a user directly counts then only (docs user-guide/security-access-control-overview).
    """
    if owner is not None:
        return closure(account, frozenset({owner}))
    mine = closure(account, frozenset({session.user}))
    active = {session.role} if session.as_owner or session.role in mine else set()
    if not primary:
        active |= _beside(account, session, mine)
    return closure(account, frozenset(active))


def _beside(account: Account, session: Session, mine: frozenset[int]) -> set[int]:
    """What counts beside the primary role, as far as the session policy lets it."""
    if not (session.secondary_roles or session.named_roles):
        return set()
    policy = session_policies.governing(account, session.user)
    if policy is not None:
        return {role.id for role in session_policies.kept(account, policy, _secondary(account, session, mine), closure)}
    return {session.user} if session.secondary_roles else set(mine.intersection(session.named_roles))


def available_roles(account: Account, user: int) -> list[Role]:
    """Every account role the user can use, those inherited included, by name."""
    ids = closure(account, frozenset({user}))
    return [role for role in account.catalog.children(ACCOUNT_ID, Role) if role.id in ids]


def secondary_roles(account: Account, session: Session) -> list[Role]:
    """The account roles that are active beside the primary one, by name; not what they inherit."""
    found = _secondary(account, session, closure(account, frozenset({session.user})))
    policy = session_policies.governing(account, session.user)
    return found if policy is None else session_policies.kept(account, policy, found, closure)


def _secondary(account: Account, session: Session, mine: frozenset[int]) -> list[Role]:
    """The account roles that the session asked for beside its primary one, by name."""
    return [
        role
        for role in account.catalog.children(ACCOUNT_ID, Role)
        if role.id != session.role
        and (
            (role.id in session.named_roles and role.id in mine)
            or (session.secondary_roles and any(g.to == session.user for g in role.grants))
        )
    ]


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
    if privilege in ("SELECT", "USAGE") and _imported(account, roles, record):
        return True
    wide = WIDE.get((record.kind, privilege))
    return wide is not None and holds_on_account(account, roles, wide)


def _imported(account: Account, roles: frozenset[int], record: Record) -> bool:
    """Whether one of the roles has IMPORTED PRIVILEGES on the shared database that the record is or is in."""
    top = record
    for above in parents(account, record):
        top = above
    return (
        top.owner is None
        and isinstance(top, Database)
        and any(g.to in roles and g.privilege == "IMPORTED PRIVILEGES" for g in top.grants)
    )


def holds_on_account(account: Account, roles: frozenset[int], privilege: str) -> bool:
    """Whether one of the roles has that account privilege."""
    return any(g.to in roles and g.privilege == privilege for g in account_record(account).grants)


def has(account: Account, session: Session, privilege: str, record: Record, *, owner: int | None = None) -> bool:
    """Whether the one who asks has the privilege on the record; only the primary role creates."""
    roles = roles_of(account, session, owner, primary=privilege.startswith("CREATE "))
    return holds(account, roles, privilege, record)


def manages_grants(account: Account, session: Session, record: Record | None = None) -> bool:
    """Whether the session may grant and revoke as if it owned everything, or the record and all around it."""
    roles = roles_of(account, session)
    if holds_on_account(account, roles, MANAGE_GRANTS):
        return True
    return record is not None and manages_inside(account, roles, record)


def manages_inside(account: Account, roles: frozenset[int], record: Record, *, option: bool = False) -> bool:
    """Whether one of the roles manages the grants of the database or schema that the record is or is in.

    With `option`: and may let others do so (docs user-guide/container-manage-grants-intro).
    """
    return any(
        g.privilege == MANAGE_GRANTS and g.to in roles and (g.option or not option)
        for one in (record, *parents(account, record))
        for g in one.grants
    )


def may_see(account: Account, session: Session, record: Record, *, owner: int | None = None) -> bool:
    """Whether the one who asks has anything at all on the record, owns it, or manages grants."""
    roles = roles_of(account, session, owner)
    if record.owner in roles or any(g.to in roles for g in record.grants):
        return True
    if any(holds_on_account(account, roles, wide) for wide in ALL_SEEN) or manages_inside(account, roles, record):
        return True
    if record.kind in SEEN_WITH and holds_on_account(account, roles, SEEN_WITH[record.kind]):
        return True
    if record.id in roles or (record.kind == "USER" and record.id == session.user):
        return True
    if _managed_by(account, roles, record) or (record.owner is None and _imported(account, roles, record)):
        return True
    return any(
        f.inherited and f.kind == record.kind and f.to in roles
        for above in parents(account, record)
        for f in above.future
    )


def _managed_by(account: Account, roles: frozenset[int], record: Record) -> bool:
    """Whether one of the roles owns the schema with managed access that the record is in, and so grants on it."""
    above = account.catalog.peek(record.parent) if record.parent > ACCOUNT_ID else None
    return isinstance(above, Schema) and above.managed and above.owner in roles


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
    return role.id in closure(account, frozenset({user.id}))
