"""CREATE, ALTER, DROP and UNDROP SCHEMA, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.objects import cloning, properties
from snowdome.objects.kind import Handler
from snowdome.objects.policies import handlers as policies
from snowdome.objects.schemas.statements import (
    CreateSchema,
    DropSchema,
    ManageSchema,
    RenameSchema,
    SetSchema,
    SwapSchema,
    UndropSchema,
    UnsetSchema,
)
from snowdome.objects.undrop import to_restore
from snowdome.query import clone_point
from snowdome.query.binder import INFORMATION_SCHEMA
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.names import Name
from snowdome.state import retention_change
from snowdome.state.records import Schema
from snowdome.state.retention import erase, retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def create(account: Account, session: Session, statement: CreateSchema) -> Result:
    """The schema is there, empty or a clone; it is the session's current one."""
    context = Context.of(session)
    name = statement.name.last
    with account.catalog.change() as change:
        database = resolve.database(account, context, statement.name.schema, "CREATE SCHEMA")
        _not_reserved(name)
        old = account.catalog.find(Schema, name, database.id)
        if old is not None and statement.how is How.IF_NOT_EXISTS:
            return status(f"{name} already exists, statement succeeded.")
        if old is not None and statement.how is How.OR_ALTER:
            context.require(account, "OWNERSHIP", old)
            if statement.transient != old.transient:
                raise errors.invalid("CREATE OR ALTER does not change whether a schema is transient", 1420)
            record = properties.replaced(old, statement.settings, account.clock.now())
            change.put(replace(record, managed=statement.managed))
            return status(f"Schema {name} successfully altered.")
        context.require(account, "CREATE SCHEMA", database)
        if old is not None and statement.how is not How.OR_REPLACE:
            raise errors.already_exists(name)
        source = moment = None
        if statement.clone is not None:
            source = _found(account, context, statement.clone.source)
            context.require(account, "USAGE", source)
            moment = clone_point.moment(account, session, statement.clone, source)
        if old is not None:
            context.require(account, "OWNERSHIP", old)
            policies.check_detached(account, old)
            change.drop(old, account.clock.now())
        now = account.clock.now()
        made = Schema(
            id=change.new_id(),
            name=name,
            parent=database.id,
            created_on=now,
            altered_on=now,
            transient=statement.transient or database.transient or (source is not None and source.transient),
            managed=statement.managed,
            retention=source.retention if source is not None else None,
            comment=source.comment if source is not None else "",
        )
        made = properties.applied(new_object(account, session, made), statement.settings)
        if source is None or statement.clone is None:
            change.put(made)
        else:
            cloning.clone_schema(cloning.Cloning(account, session, change, statement.clone, moment), source, made)
        properties.tag(account, context, change, made.id, statement.tags)
    session.database, session.schema = database.name, name
    return status(f"Schema {name} successfully created.")


def rename(account: Account, session: Session, statement: RenameSchema) -> Result:
    """The schema bears the new name, in the database of the new name."""
    context = Context.of(session)
    with account.catalog.change() as change:
        found = _owned(account, context, statement.name, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        database = resolve.database(account, context, statement.new.schema or statement.name.schema)
        context.require(account, "CREATE SCHEMA", database)
        if account.catalog.find(Schema, statement.new.last, database.id) is not None:
            raise errors.already_exists(statement.new.last)
        _not_reserved(statement.new.last)
        change.put(replace(found, name=statement.new.last, parent=database.id, altered_on=account.clock.now()))
    if session.schema == found.name and session.database == database.name:
        session.schema = statement.new.last
    return status("Statement executed successfully.")


def _not_reserved(name: str) -> None:
    """Every database has an INFORMATION_SCHEMA already (sql-reference/info-schema)."""
    if name == INFORMATION_SCHEMA:
        raise errors.already_exists(name)


def swap(account: Account, session: Session, statement: SwapSchema) -> Result:
    """The two schemas have exchanged their names."""
    context = Context.of(session)
    with account.catalog.change() as change:
        one = _owned(account, context, statement.name, if_exists=statement.if_exists)
        if one is None:
            return properties.missing(statement.name.last)
        other = _owned(account, context, statement.other)
        assert other is not None  # noqa: S101 (if_exists is false)
        properties.exchange(change, one, other, account.clock.now())
    return status("Statement executed successfully.")


def set_properties(account: Account, session: Session, statement: SetSchema) -> Result:
    """The properties have those values."""
    with account.catalog.change() as change:
        needed = properties.needed(dict(statement.settings))
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists, needed=needed)
        if found is None:
            return properties.missing(statement.name.last)
        known = retention_change.settled(account, change, found, dict(statement.settings))
        change.put(properties.applied(known, statement.settings, account.clock.now()))
    return status("Statement executed successfully.")


def unset_properties(account: Account, session: Session, statement: UnsetSchema) -> Result:
    """The properties have their defaults."""
    with account.catalog.change() as change:
        needed = properties.needed(statement.names)
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists, needed=needed)
        if found is None:
            return properties.missing(statement.name.last)
        known = retention_change.settled(account, change, found, statement.names)
        change.put(properties.cleared(known, statement.names, account.clock.now()))
    return status("Statement executed successfully.")


def manage(account: Account, session: Session, statement: ManageSchema) -> Result:
    """The schema is with managed access, or without."""
    with account.catalog.change() as change:
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        change.put(replace(found, managed=statement.managed, altered_on=account.clock.now()))
    return status("Statement executed successfully.")


def drop(account: Account, session: Session, statement: DropSchema) -> Result:
    """The schema has no name any more; UNDROP can give it back while its retention lasts."""
    with account.catalog.change() as change:
        found = _owned(account, Context.of(session), statement.name, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        policies.check_detached(account, found)
        if retention_days(account, found) == 0:
            erase(account, change, found)
        else:
            change.drop(found, account.clock.now())
    if session.schema == found.name and session.database in (None, statement.name.schema or session.database):
        session.schema = None
    return status(f"{statement.name.last} successfully dropped.")


def undrop(account: Account, session: Session, statement: UndropSchema) -> Result:
    """The dropped schema, the latest of that name, bears its name again."""
    context = Context.of(session)
    with account.catalog.change() as change:
        name = statement.name
        parent = resolve.database(account, context, name.schema if name is not None else None).id if name else 0
        found = to_restore(account, Schema, name.last if name is not None else None, statement.id, parent)
        context.require(account, "OWNERSHIP", found)
        change.put(replace(found, dropped_on=None))
    return status(f"Schema {found.name} successfully restored.")


def _found(account: Account, context: Context, name: Name) -> Schema:
    return resolve.schema(account, context, name.schema, name.last)


def _owned(
    account: Account, context: Context, name: Name, *, if_exists: bool = False, needed: str = "OWNERSHIP"
) -> Schema | None:
    try:
        found = _found(account, context, name)
    except errors.SqlError:
        if if_exists:
            return None
        raise
    context.require(account, needed, found)
    return found


HANDLERS: Mapping[type, Handler] = {
    CreateSchema: create,
    RenameSchema: rename,
    SwapSchema: swap,
    SetSchema: set_properties,
    UnsetSchema: unset_properties,
    ManageSchema: manage,
    DropSchema: drop,
    UndropSchema: undrop,
}
