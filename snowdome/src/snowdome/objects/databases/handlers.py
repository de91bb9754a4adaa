"""CREATE, ALTER, DROP and UNDROP DATABASE, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.objects import cloning, properties
from snowdome.objects.databases.statements import (
    CreateDatabase,
    DropDatabase,
    RenameDatabase,
    SetDatabase,
    SwapDatabase,
    UndropDatabase,
    UnsetDatabase,
)
from snowdome.objects.kind import Handler
from snowdome.objects.policies import handlers as policies
from snowdome.objects.undrop import to_restore
from snowdome.query import clone_point
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.state import retention_change
from snowdome.state.records import ACCOUNT_ID, Database, Schema
from snowdome.state.records import Account as AccountRecord
from snowdome.state.retention import erase, retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def create(account: Account, session: Session, statement: CreateDatabase) -> Result:
    """The database is there, empty but for PUBLIC, or a clone; it is the session's current one."""
    name, context = statement.name, Context.of(session)
    with account.catalog.change() as change:
        context.require(account, "CREATE DATABASE", account.catalog.get(AccountRecord, ACCOUNT_ID))
        old = account.catalog.find(Database, name)
        if old is not None and statement.how is How.IF_NOT_EXISTS:
            return status(f"{name} already exists, statement succeeded.")
        if old is not None and statement.how is How.OR_ALTER:
            context.require(account, "OWNERSHIP", old)
            if statement.transient != old.transient:
                raise errors.invalid("CREATE OR ALTER does not change whether a database is transient", 1420)
            change.put(properties.replaced(old, statement.settings, account.clock.now()))
            return status(f"Database {name} successfully altered.")
        if old is not None and statement.how is not How.OR_REPLACE:
            raise errors.already_exists(name)
        source = moment = None
        if statement.clone is not None:
            source = resolve.database(account, context, statement.clone.source.last)
            context.require(account, "USAGE", source)
            moment = clone_point.moment(account, session, statement.clone, source)
        if old is not None:
            context.require(account, "OWNERSHIP", old)
            policies.check_detached(account, old)
            change.drop(old, account.clock.now())
        now = account.clock.now()
        made = Database(
            id=change.new_id(),
            name=name,
            owner=session.role,
            created_on=now,
            altered_on=now,
            transient=statement.transient or (source is not None and source.transient),
            retention=source.retention if source is not None else None,
            comment=source.comment if source is not None else "",
        )
        made = properties.applied(made, statement.settings)
        if source is None or statement.clone is None:
            change.put(made)
            public = Schema(
                id=change.new_id(), name="PUBLIC", parent=made.id, created_on=now, transient=statement.transient
            )
            change.put(new_object(account, session, public))
        else:
            cloning.clone_database(cloning.Cloning(account, session, change, statement.clone, moment), source, made)
        properties.tag(account, context, change, made.id, statement.tags)
    session.database, session.schema = name, "PUBLIC"
    return status(f"Database {name} successfully created.")


def rename(account: Account, session: Session, statement: RenameDatabase) -> Result:
    """The database bears the new name."""
    context = Context.of(session)
    with account.catalog.change() as change:
        found = _owned(account, context, statement.name, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name)
        context.require(account, "CREATE DATABASE", account.catalog.get(AccountRecord, ACCOUNT_ID))
        if account.catalog.find(Database, statement.new) is not None:
            raise errors.already_exists(statement.new)
        change.put(replace(found, name=statement.new, altered_on=account.clock.now()))
    if session.database == statement.name:
        session.database = statement.new
    return status("Statement executed successfully.")


def swap(account: Account, session: Session, statement: SwapDatabase) -> Result:
    """The two databases have exchanged their names, in one step for every reader; all else stays with each."""
    context = Context.of(session)
    with account.catalog.change() as change:
        one = _owned(account, context, statement.name, if_exists=statement.if_exists)
        if one is None:
            return properties.missing(statement.name)
        other = _owned(account, context, statement.other)
        assert other is not None  # noqa: S101 (if_exists is false)
        properties.exchange(change, one, other, account.clock.now())
    return status("Statement executed successfully.")


def set_properties(account: Account, session: Session, statement: SetDatabase) -> Result:
    """The properties have those values."""
    with account.catalog.change() as change:
        needed = properties.needed(dict(statement.settings))
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists, needed=needed)
        if found is None:
            return properties.missing(statement.name)
        known = retention_change.settled(account, change, found, dict(statement.settings))
        change.put(properties.applied(known, statement.settings, account.clock.now()))
    return status("Statement executed successfully.")


def unset_properties(account: Account, session: Session, statement: UnsetDatabase) -> Result:
    """The properties have their defaults."""
    with account.catalog.change() as change:
        needed = properties.needed(statement.names)
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists, needed=needed)
        if found is None:
            return properties.missing(statement.name)
        known = retention_change.settled(account, change, found, statement.names)
        change.put(properties.cleared(known, statement.names, account.clock.now()))
    return status("Statement executed successfully.")


def drop(account: Account, session: Session, statement: DropDatabase) -> Result:
    """The database has no name any more; UNDROP can give it back while its retention lasts."""
    with account.catalog.change() as change:
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name)
        policies.check_detached(account, found)
        if retention_days(account, found) == 0:
            erase(account, change, found)
        else:
            change.drop(found, account.clock.now())
    if session.database == statement.name:
        session.database = session.schema = None
    return status(f"{statement.name} successfully dropped.")


def undrop(account: Account, session: Session, statement: UndropDatabase) -> Result:
    """The dropped database, the latest of that name, bears its name again."""
    context = Context.of(session)
    with account.catalog.change() as change:
        found = to_restore(account, Database, statement.name, statement.id, ACCOUNT_ID)
        context.require(account, "OWNERSHIP", found)
        change.put(replace(found, dropped_on=None))
    return status(f"Database {found.name} successfully restored.")


def _owned(
    account: Account, context: Context, name: str, *, if_exists: bool = False, needed: str = "OWNERSHIP"
) -> Database | None:
    try:
        found = resolve.database(account, context, name)
    except errors.SqlError:
        if if_exists:
            return None
        raise
    context.require(account, needed, found)
    return found


HANDLERS: Mapping[type, Handler] = {
    CreateDatabase: create,
    RenameDatabase: rename,
    SwapDatabase: swap,
    SetDatabase: set_properties,
    UnsetDatabase: unset_properties,
    DropDatabase: drop,
    UndropDatabase: undrop,
}
