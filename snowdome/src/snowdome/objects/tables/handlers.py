"""Tables and views: renamed, moved, swapped, dropped and restored; their properties."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.objects import properties
from snowdome.objects.tables.show import RECLUSTER_OFF
from snowdome.objects.tables.statements import (
    ClusterTable,
    DropTable,
    Recluster,
    RenameTable,
    SetTable,
    SwapTable,
    UndropTable,
    UnsetTable,
)
from snowdome.objects.undrop import to_restore
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.names import Name
from snowdome.state import retention_change
from snowdome.state.pipelines import DynamicTable
from snowdome.state.records import Relation, Schema, Table
from snowdome.state.retention import drop_relation

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session

DONE = "Statement executed successfully."


def rename(account: Account, session: Session, statement: RenameTable) -> Result:
    """The table or view bears the new name, in the schema of the new name."""
    context, new = Context.of(session), statement.new
    with account.catalog.change() as change:
        found = owned(account, context, statement.name, statement.kind, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        home = account.catalog.get(Schema, found.parent)
        schema = home
        if new.schema is not None:
            schema = resolve.schema(account, context, new.database or statement.name.database, new.schema)
        if schema.id != home.id:
            context.require(account, f"CREATE {found.kind}", schema)
        if found.temporary:
            del session.temporary[home.id, found.name]
            session.temporary[schema.id, new.last] = replace(found, name=new.last, parent=schema.id)
            return status(DONE)
        if account.catalog.occupant(Table, new.last, schema.id) is not None:
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{new.last}")
        now = account.clock.now()
        change.put(replace(found, name=new.last, parent=schema.id, altered_on=now, last_ddl=now))
    return status(DONE)


def swap(account: Account, session: Session, statement: SwapTable) -> Result:
    """The two tables have exchanged their names."""
    context = Context.of(session)
    with account.catalog.change() as change:
        one = owned(account, context, statement.name, statement.kind, if_exists=statement.if_exists)
        if one is None:
            return properties.missing(statement.name.last)
        other = owned(account, context, statement.other, statement.kind)
        assert other is not None  # noqa: S101 (if_exists is false)
        if one.temporary or other.temporary:
            raise errors.invalid("Temporary tables cannot be swapped with permanent or transient ones.")
        properties.exchange(change, one, other, account.clock.now())
    return status(DONE)


def set_properties(account: Account, session: Session, statement: SetTable) -> Result:
    """The properties have those values."""
    with account.catalog.change() as change:
        found = owned(account, Context.of(session), statement.name, statement.kind, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        known = retention_change.settled(account, change, found, dict(statement.settings))
        _put(session, change, properties.applied(known, statement.settings, account.clock.now()))
    return status(DONE)


def unset_properties(account: Account, session: Session, statement: UnsetTable) -> Result:
    """The properties have their defaults."""
    with account.catalog.change() as change:
        found = owned(account, Context.of(session), statement.name, statement.kind, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(statement.name.last)
        known = retention_change.settled(account, change, found, statement.names)
        _put(session, change, properties.cleared(known, statement.names, account.clock.now()))
    return status(DONE)


def cluster(account: Account, session: Session, statement: ClusterTable) -> Result:
    """The table's clustering key is that, or none."""
    with account.catalog.change() as change:
        found = owned(account, Context.of(session), statement.name, "TABLE", if_exists=statement.if_exists)
        if not isinstance(found, Table):
            return properties.missing(statement.name.last)
        _put(session, change, replace(found, cluster_by=statement.key or ""))
    return status(DONE)


def recluster(account: Account, session: Session, statement: Recluster) -> Result:
    """Automatic clustering of the table goes on, or rests."""
    with account.catalog.change() as change:
        found = owned(account, Context.of(session), statement.name, "TABLE", if_exists=statement.if_exists)
        if not isinstance(found, Table):
            return properties.missing(statement.name.last)
        parameters = {name: value for name, value in found.parameters.items() if name != RECLUSTER_OFF}
        if not statement.resumed:
            parameters[RECLUSTER_OFF] = True
        _put(session, change, replace(found, parameters=parameters))
    return status(DONE)


def drop(account: Account, session: Session, statement: DropTable) -> Result:
    """The table or view has no name any more; a table can be undropped while its retention lasts."""
    context, name = Context.of(session), statement.name
    with account.catalog.change() as change:
        found = owned(account, context, name, statement.kind, if_exists=statement.if_exists)
        if found is None:
            return properties.missing(name.last)
        if found.temporary:
            del session.temporary[found.parent, found.name]
            if isinstance(found, Table):
                account.duck.drop_temporary(session.duck, found.physical)
        else:
            drop_relation(account, change, found)
    return status(f"{name.last} successfully dropped.")


def undrop(account: Account, session: Session, statement: UndropTable) -> Result:
    """The dropped table, the latest of that name, bears its name again."""
    context, name = Context.of(session), statement.name
    with account.catalog.change() as change:
        parent = resolve.schema(account, context, name.database, name.schema).id if name is not None else 0
        cls = DynamicTable if statement.kind == DynamicTable.kind else Table
        found = to_restore(account, cls, name.last if name is not None else None, statement.id, parent)
        context.require(account, "OWNERSHIP", found)
        change.put(replace(found, dropped_on=None))
    return status(f"{found.kind.capitalize()} {found.name} successfully restored.")


def _found(account: Account, context: Context, name: Name) -> Relation:
    return resolve.relation(account, context, (name.database, name.schema, name.last))


def owned(account: Account, context: Context, name: Name, kind: str, *, if_exists: bool = False) -> Relation | None:
    """Return the table or view of that kind and name, which the session owns; None where it may be missing and is."""
    try:
        found = _found(account, context, name)
    except errors.SqlError:
        if if_exists:
            return None
        raise
    if found.kind != kind:
        raise errors.SqlError(
            2203, "42601", f"SQL compilation error:\nObject found is of type '{found.kind}', specified type is '{kind}'"
        )
    if not found.temporary:
        context.require(account, "OWNERSHIP", found)
    return found


def _put(session: Session, change: Change, record: Relation) -> None:
    if record.temporary:
        session.temporary[record.parent, record.name] = record
    else:
        change.put(record)
