"""GRANT and REVOKE of privileges and roles, now and for objects to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.grants import grantees, ownership
from snowdome.objects.grants import statements as grammar
from snowdome.objects.grants.privileges import WITHOUT_FUTURE
from snowdome.objects.kind import Handler
from snowdome.result import Result, status
from snowdome.security import access, lookup
from snowdome.state.records import ACCOUNT_ID, SNOWFLAKE, DatabaseRole, FutureGrant, Grant, Record, Role, Stage

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")
INHERITED = "FEATURE_RBAC_INHERITED_GRANTS"


def run(account: Account, session: Session, statement: grammar.GrantStatement) -> Result:
    """The GRANT or REVOKE has been carried out, all of it or nothing."""
    with account.catalog.change():
        match statement:
            case grammar.GrantRole():
                grant_role(account, session, statement)
            case grammar.RevokeRole():
                revoke_role(account, session, statement)
            case grammar.GrantPrivileges():
                grant(account, session, statement)
            case grammar.GrantOwnership():
                ownership.run(account, session, statement)
            case grammar.RevokePrivileges():
                revoke(account, session, statement)
    return DONE


# -- roles --------------------------------------------------------------------------------------------------------
def grant_role(account: Account, session: Session, statement: grammar.GrantRole) -> None:
    """The grantee has the role."""
    role = lookup.find(account, session, statement.kind, statement.role, "GRANT")
    to = grantees.grantee(account, session, statement.to)
    by = grantees.role_grantor(account, session, role)
    if isinstance(to, DatabaseRole) and (isinstance(role, Role) or role.parent != to.parent):
        raise invalid("a database role can only be given other roles of its database", 3008, "42501")
    if to.id in access.closure(account, frozenset({role.id})):
        raise SqlError(
            3051, "42501", f"SQL access control error:\nRole '{role.name}' cannot be granted to '{to.name}': a cycle."
        )
    _put(account, role, (*_without(role, "USAGE", to.id), _grant(account, "USAGE", to.id, by, option=statement.option)))


def revoke_role(account: Account, session: Session, statement: grammar.RevokeRole) -> None:
    """The grantee no longer has the role from that grant."""
    role = lookup.find(account, session, statement.kind, statement.role, "REVOKE")
    source = grantees.grantee(account, session, statement.source)
    grantees.role_grantor(account, session, role)
    _take_back(account, role, "USAGE", statement, source=source)


def _grant(account: Account, privilege: str, to: int, by: int | None, *, option: bool = False) -> Grant:
    return Grant(privilege=privilege, to=to, by=by, option=option, on=account.clock.now())


def _without(record: Record, privilege: str, to: int) -> tuple[Grant, ...]:
    return tuple(g for g in record.grants if not (g.privilege == privilege and g.to == to))


def _put(account: Account, record: Record, grants: tuple[Grant, ...]) -> None:
    with account.catalog.change() as change:
        change.put(replace(record, grants=grants))


# -- privileges ---------------------------------------------------------------------------------------------------
def grant(account: Account, session: Session, statement: grammar.GrantPrivileges) -> None:
    """The grantee has the privileges."""
    to = grantees.holder(account, session, statement.to)
    on = statement.on
    if isinstance(on, grammar.OnFuture) or statement.inherited:
        assert isinstance(on, (grammar.OnFuture, grammar.OnAll))  # noqa: S101 (the grammar sees to it)
        _promise(account, session, statement, on, to)
        return
    for record in grantees.objects(account, session, on):
        grantees.within_database(account, to, record)
        _grant_on(account, session, record, statement, to)


def _grant_on(
    account: Account, session: Session, record: Record, statement: grammar.GrantPrivileges, to: Record
) -> None:
    wanted = grantees.privileges(statement.privileges, record.kind, to)
    _read_before_write(record, wanted, to)
    if access.MANAGE_GRANTS in wanted and record.id != ACCOUNT_ID:
        _needs_feature(account, f"{access.MANAGE_GRANTS} on a {record.kind}")
    if "IMPORTED PRIVILEGES" in wanted and record.name != SNOWFLAKE:
        raise invalid("IMPORTED PRIVILEGES are on databases made from shares", 3008, "42501")
    refused: list[str] = []
    grants = record.grants
    for privilege in wanted:
        try:
            by = grantees.grantor(account, session, record, privilege)
        except SqlError:
            refused.append(privilege)
            continue
        had = next((g for g in grants if g.privilege == privilege and g.to == to.id), None)
        if had is not None and (had.option or not statement.option):
            continue
        grants = tuple(g for g in grants if g is not had)
        grants = (*grants, _grant(account, privilege, to.id, by, option=statement.option))
    if refused and len(refused) == len(wanted):
        raise errors.insufficient_privileges(record.kind, record.name)
    if refused:
        said = ", ".join(refused)
        raise SqlError(3011, "42501", f"Grant not executed: Insufficient privileges. Not granted: [{said}].")
    if grants != record.grants:
        _put(account, record, grants)


def _needs_feature(account: Account, what: str) -> None:
    """Inherited grants and the management of a container's grants are there where the account has opted in."""
    if access.account_record(account).parameters.get(INHERITED) != "ENABLED":
        raise SqlError(3008, "42501", f"{what}: off until ALTER ACCOUNT SET {INHERITED} = 'ENABLED' switches it on.")


def _read_before_write(record: Record, wanted: tuple[str, ...], to: Record) -> None:
    """WRITE on an internal stage takes READ (docs sql-reference/sql/grant-privilege)."""
    if not isinstance(record, Stage) or "WRITE" not in wanted or "READ" in wanted:
        return
    if not any(g.privilege == "READ" and g.to == to.id for g in record.grants):
        raise invalid("WRITE on a stage is granted together with READ, or after it", 3008, "42501")


def _promise(
    account: Account,
    session: Session,
    statement: grammar.GrantPrivileges,
    on: grammar.OnFuture | grammar.OnAll,
    to: Record,
) -> None:
    """Privileges on objects to come; or inherited ones, where the account has them switched on."""
    parent = grantees.container(account, session, on)
    if statement.inherited:
        _needs_feature(account, "INHERITED grants")
    if on.kind in WITHOUT_FUTURE:
        raise invalid(f"there are no future grants on objects of kind {on.kind}", 3008, "42501")
    by = grantees.future_authority(account, session, parent)
    grantees.within_database(account, to, parent)
    future = list(parent.future)
    for privilege in grantees.privileges(statement.privileges, on.kind):
        same = [f for f in future if _key(f) == (privilege, on.kind, to.id, statement.inherited)]
        if same and (same[0].option or not statement.option):
            continue
        future = [f for f in future if f not in same]
        future.append(
            FutureGrant(
                privilege=privilege,
                kind=on.kind,
                to=to.id,
                option=statement.option,
                by=by,
                on=account.clock.now(),
                inherited=statement.inherited,
            )
        )
    with account.catalog.change() as change:
        change.put(replace(parent, future=tuple(future)))


def _key(future: FutureGrant) -> tuple[str, str, int, bool]:
    return future.privilege, future.kind, future.to, future.inherited


# -- taken back ---------------------------------------------------------------------------------------------------
def revoke(account: Account, session: Session, statement: grammar.RevokePrivileges) -> None:
    """The grantee no longer has the privileges (or only the right to pass them on)."""
    source = grantees.holder(account, session, statement.source)
    on = statement.on
    if isinstance(on, grammar.OnFuture) or statement.inherited:
        assert isinstance(on, (grammar.OnFuture, grammar.OnAll))  # noqa: S101 (the grammar sees to it)
        _unpromise(account, session, statement, on, source)
        return
    for record in grantees.objects(account, session, on):
        for privilege in grantees.privileges(statement.privileges, record.kind, source):
            fresh = account.catalog.get(Record, record.id)
            _revoke_on(account, session, fresh, privilege, statement, source=source)


def _revoke_on(
    account: Account, session: Session, record: Record, privilege: str, how: grammar.RevokePrivileges, *, source: Record
) -> None:
    grantees.grantor(account, session, record, privilege)
    _take_back(account, record, privilege, how, source=source)


def _take_back(
    account: Account,
    record: Record,
    privilege: str,
    how: grammar.RevokePrivileges | grammar.RevokeRole,
    *,
    source: Record,
) -> None:
    """The grant is gone, with those that hang on it if it is said CASCADE."""
    had = next((g for g in record.grants if g.privilege == privilege and g.to == source.id), None)
    if had is None:
        return
    gone = {had.to} | _dependents(record, had)
    if len(gone) > 1 and not how.cascade:
        passed = next(g for g in record.grants if g.privilege == privilege and g.to in gone - {had.to})
        raise ownership.dependent_grants(account, record, passed)
    kept = tuple(g for g in record.grants if not (g.privilege == privilege and g.to in gone))
    _put(account, record, (*kept, replace(had, option=False)) if how.option_only else kept)


def _dependents(record: Record, grant: Grant) -> set[int]:
    """Who has the privilege only because this grantee passed it on."""
    found: set[int] = set()
    todo = [grant.to] if grant.option and grant.to != record.owner else []
    while todo:
        giver = todo.pop()
        fresh = {g.to for g in record.grants if g.privilege == grant.privilege and g.by == giver} - found - {grant.to}
        found |= fresh
        todo += fresh
    return found


def _unpromise(
    account: Account,
    session: Session,
    statement: grammar.RevokePrivileges,
    on: grammar.OnFuture | grammar.OnAll,
    source: Record,
) -> None:
    parent = grantees.container(account, session, on)
    grantees.future_authority(account, session, parent)
    wanted = grantees.privileges(statement.privileges, on.kind)
    gone = {(privilege, on.kind, source.id, statement.inherited) for privilege in wanted}
    with account.catalog.change() as change:
        kept = tuple(
            replace(f, option=False) if statement.option_only and _key(f) in gone else f
            for f in parent.future
            if statement.option_only or _key(f) not in gone
        )
        change.put(replace(parent, future=kept))


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.GrantStatement), run)
