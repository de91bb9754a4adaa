"""SHOW GRANTS and SHOW FUTURE GRANTS, in every form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.objects.grants.statements import OnAccount, ShowFutureGrants, ShowGrants
from snowdome.objects.kind import Handler
from snowdome.result import Result, listing
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import quote_identifier
from snowdome.state.records import DatabaseRole, FutureGrant, Record, Role, Schema, User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

Row = tuple[Any, ...]


def _columns(names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, show_format.TIME if name == "created_on" else show_format.TEXT) for name in names.split())


ON = _columns(
    "created_on privilege granted_on name granted_to grantee_name grant_option granted_by granted_by_role_type"
)
TO_ROLE = ON[:-1]
TO_USER = _columns("created_on privilege granted_on name role granted_to grantee_name grant_option granted_by")
MEMBERS = _columns("created_on role granted_to grantee_name granted_by")
FUTURE = _columns("created_on privilege grant_on name grant_to grantee_name grant_option")


def show(account: Account, session: Session, statement: ShowGrants) -> Result:
    """The grants that were asked for, with the columns of that form (docs sql-reference/sql/show-grants)."""
    with account.catalog.lock:
        columns, rows = _asked(account, session, statement)
    return listing(columns, rows[: statement.limit] if statement.limit is not None else rows)


def _asked(account: Account, session: Session, statement: ShowGrants) -> tuple[tuple[tuple[str, str], ...], list[Row]]:
    if statement.form == "ON" and statement.on is not None:
        on = statement.on
        record: Record = access.account_record(account)
        if not isinstance(on, OnAccount):
            record = lookup.find(account, session, on.kind, on.name, "SHOW GRANTS")
        return ON, list(_on(account, record))
    if statement.form == "MINE" or statement.kind == "USER":
        return TO_USER, list(_to_user(account, _user(account, session, statement.name)))
    role = lookup.find(account, session, statement.kind or "ROLE", statement.name or Name(("",)), "SHOW GRANTS")
    _may_ask(account, session, role)
    if statement.form == "OF":
        return MEMBERS, list(_members(account, role))
    return TO_ROLE, [row[:-1] for row in _to(account, role)]


def _user(account: Account, session: Session, name: Name | None) -> User:
    """The user that is asked about: oneself, or one that the session owns or may give roles to."""
    user = account.catalog.get(User, session.user) if name is None else lookup.user(account, name.last)
    roles = access.roles_of(account, session)
    if user.id != session.user and user.owner not in roles and not access.manages_grants(account, session):
        raise errors.not_found("User", user.name)
    return user


def _may_ask(account: Account, session: Session, role: Record) -> None:
    """Roles that the session neither has, nor owns, nor manages, do not exist for it."""
    roles = access.roles_of(account, session)
    mine = {one.id for one in access.available_roles(account, session.user)}
    if role.id in roles | mine or role.owner in roles or access.manages_grants(account, session):
        return
    if isinstance(role, DatabaseRole) and access.may_see(account, session, role):
        return
    raise errors.not_found(role.kind.capitalize(), role.name)


def _on(account: Account, record: Record) -> Iterator[Row]:
    """Every privilege on the record, its ownership first.

    In a schema with managed access no grantee passes anything on; the schema's own owner manages the grants in it.
    """
    above = account.catalog.peek(record.parent) if record.parent > 0 else None
    kept = isinstance(above, Schema) and above.managed
    owner = record.owner
    if owner is not None:
        yield _row(account, record, "OWNERSHIP", owner, record.created_on, by=owner, option=not kept)
    if owner is not None and isinstance(record, Schema) and record.managed:
        yield _row(account, record, access.MANAGE_GRANTS, owner, record.created_on, by=owner, option=True)
    for grant in sorted(record.grants, key=lambda g: (g.privilege, g.to)):
        option = grant.option and not kept
        yield _row(account, record, grant.privilege, grant.to, grant.on, by=grant.by, option=option)


def _to(account: Account, role: Record) -> Iterator[Row]:
    """Every privilege that the role was given itself, and what it owns."""
    for record in account.catalog.all(Record):
        if not account.catalog.is_live(record) and record.id != 0:
            continue
        if record.owner == role.id:
            yield _row(account, record, "OWNERSHIP", role.id, record.created_on, by=role.id, option=True)
        for grant in record.grants:
            if grant.to == role.id:
                yield _row(account, record, grant.privilege, role.id, grant.on, by=grant.by, option=grant.option)


def _row(account: Account, record: Record, privilege: str, to: int, on: object, *, by: int | None, option: bool) -> Row:
    kind = record.kind.replace(" ", "_")
    return (
        on, privilege, kind, dotted(account, record), grantee_kind(account, to), grantee_name(account, to),
        show_format.truth(option), show_format.role_name(account, by), show_format.role_type(account, by),
    )  # fmt: skip


def dotted(account: Account, record: Record) -> str:
    """The record's full name, quoted where it has to be."""
    parts = [record.name, *(above.name for above in access.parents(account, record))]
    return ".".join(quote_identifier(part) for part in reversed(parts))


def grantee_kind(account: Account, to: int) -> str:
    """ROLE, DATABASE_ROLE or USER."""
    record = account.catalog.peek(to)
    return record.kind.replace(" ", "_") if record is not None else "ROLE"


def grantee_name(account: Account, to: int) -> str:
    """The role's or user's name; a database role's without its database, except in SHOW GRANTS OF."""
    record = account.catalog.peek(to)
    return record.name if record is not None else ""


def _members(account: Account, role: Record) -> Iterator[Row]:
    """To whom the role was granted."""
    name = access.full_name(account, role)
    for grant in role.grants:
        to = account.catalog.peek(grant.to)
        grantee = access.full_name(account, to) if to is not None else ""
        yield grant.on, name, grantee_kind(account, grant.to), grantee, show_format.role_name(account, grant.by)


def _to_user(account: Account, user: User) -> Iterator[Row]:
    """The roles granted to the user, and the privileges granted to it directly; PUBLIC is not listed."""
    for record in account.catalog.all(Record):
        if not account.catalog.is_live(record) and record.id != 0:
            continue
        is_role = isinstance(record, (Role, DatabaseRole))
        role = access.full_name(account, record) if is_role else None
        for grant in record.grants:
            if grant.to == user.id:
                row = _row(account, record, grant.privilege, user.id, grant.on, by=grant.by, option=grant.option)
                yield *row[:4], role, *row[4:-1]


def show_future(account: Account, session: Session, statement: ShowFutureGrants) -> Result:
    """What is promised on objects to come."""
    with account.catalog.lock:
        if statement.form == "IN":
            container = lookup.find(account, session, statement.kind, statement.name, "SHOW GRANTS")
            rows = [_future(account, container, promise) for promise in container.future if not promise.inherited]
        else:
            role = lookup.find(account, session, statement.kind, statement.name, "SHOW GRANTS")
            _may_ask(account, session, role)
            rows = [
                _future(account, record, promise)
                for record in account.catalog.all(Record)
                if account.catalog.is_live(record)
                for promise in record.future
                if promise.to == role.id and not promise.inherited
            ]
    return listing(FUTURE, rows[: statement.limit] if statement.limit is not None else rows)


def _future(account: Account, container: Record, promise: FutureGrant) -> Row:
    kind = promise.kind.replace(" ", "_")
    return (
        promise.on, promise.privilege, kind, f"{dotted(account, container)}.<{kind}>",
        grantee_kind(account, promise.to), grantee_name(account, promise.to), show_format.truth(promise.option),
    )  # fmt: skip


HANDLERS: Mapping[type, Handler] = {ShowGrants: show, ShowFutureGrants: show_future}
