"""USE and ALTER SESSION: what a session's names mean and how it behaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.objects.kind import Handler
from snowdome.objects.sessions.statements import SetSession, UnsetSession, Use, UseSecondaryRoles
from snowdome.result import Result, status
from snowdome.security import access, resolve, session_policies
from snowdome.security.resolve import Context
from snowdome.state import time_zone, transactions
from snowdome.state.records import Role, Schema, User, Warehouse

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = "Statement executed successfully."
USE = 0x4300
UNUSABLE = frozenset({2003, 3001})


def use(account: Account, session: Session, statement: Use) -> Result:
    """The session goes on in that role, warehouse, database or schema; Snowflake says 002043 of what it cannot use."""
    try:
        return _use(account, session, statement)
    except errors.SqlError as problem:
        if problem.errno not in UNUSABLE:
            raise
        raise errors.invalid("Object does not exist, or operation cannot be performed.", 2043, "02000") from None


def _use(account: Account, session: Session, statement: Use) -> Result:
    context, name = Context.of(session), statement.name
    with account.catalog.lock:
        match statement.kind:
            case "ROLE":
                session.role = _role(account, session, name.last).id
            case "WAREHOUSE":
                found = account.catalog.find(Warehouse, name.last)
                if found is None:
                    raise errors.not_found("Object", name.last)
                context.require(account, "USAGE", found)
                session.warehouse = found.name
            case "DATABASE":
                database = resolve.database(account, context, name.last)
                context.require(account, "USAGE", database)
                session.database = database.name
                public = account.catalog.find(Schema, "PUBLIC", database.id)
                session.schema = public.name if public is not None else None
            case _:
                database = resolve.database(account, context, name.schema)
                context.require(account, "USAGE", database)
                if name.last != "INFORMATION_SCHEMA":
                    schema = resolve.schema(account, context, database.name, name.last)
                    context.require(account, "USAGE", schema)
                session.database, session.schema = database.name, name.last
    return status(DONE, USE)


def use_secondary(account: Account, session: Session, statement: UseSecondaryRoles) -> Result:
    """The session's other roles count too, or some of them, or none.

    Each role of a list must be the user's now; ALL asks at each statement (docs sql-reference/sql/use-secondary-roles).
    """
    if session.only_role is not None and statement.mode != "NONE":
        raise errors.invalid("secondary roles cannot be activated in a session that is restricted to one role", 3001)
    named = tuple(_role(account, session, name).id for name in statement.roles)
    _check_policy(account, session, statement)
    session.secondary_roles = statement.mode == "ALL"
    session.named_roles = named
    return status(DONE, USE)


def _check_policy(account: Account, session: Session, statement: UseSecondaryRoles) -> None:
    """The session policy lets the roles count (user-guide/session-policies-using); 003120 is an assumption."""
    policy = session_policies.governing(account, session.user)
    if policy is None or statement.mode == "NONE":
        return
    wanted = statement.roles or ("ALL",)
    mine = access.available_roles(account, session.user)
    named = [role for role in mine if not statement.roles or role.name in statement.roles]
    kept = session_policies.kept(account, policy, named, access.closure)
    if not kept or (statement.roles and len(kept) < len(named)):
        raise errors.SqlError(
            3120,
            "42501",
            f"SQL execution error: USE SECONDARY ROLES '[{', '.join(wanted)}]' not allowed as per session policy.",
        )


def set_parameters(account: Account, session: Session, statement: SetSession) -> Result:
    """The session's parameters have those values."""
    for name, value in statement.settings:
        session.parameters[name] = value
        if name == "AUTOCOMMIT":
            _autocommit(account, session, on=bool(value))
    time_zone.apply(account, session)
    return status(DONE)


def unset_parameters(account: Account, session: Session, statement: UnsetSession) -> Result:
    """The session's parameters have their defaults."""
    for name in statement.names:
        session.parameters.pop(name, None)
        if name == "AUTOCOMMIT":
            _autocommit(account, session, on=True)
    time_zone.apply(account, session)
    return status(DONE)


def _autocommit(account: Account, session: Session, *, on: bool) -> None:
    if session.in_transaction:
        transactions.commit(account, session)
    session.autocommit = on


def _role(account: Account, session: Session, name: str) -> Role:
    found = account.catalog.find(Role, name)
    if found is None:
        raise errors.not_found("Role", name)
    user = account.catalog.get(User, session.user)
    restricted = session.only_role is not None and session.only_role != found.id
    if restricted or not access.may_assume(account, user, found):
        raise errors.SqlError(
            3013,
            "42501",
            f"SQL access control error:\nRequested role '{name}' is not assigned to the executing user. "
            "Specify another role to activate.",
        )
    return found


HANDLERS: Mapping[type, Handler] = {
    Use: use,
    UseSecondaryRoles: use_secondary,
    SetSession: set_parameters,
    UnsetSession: unset_parameters,
}
