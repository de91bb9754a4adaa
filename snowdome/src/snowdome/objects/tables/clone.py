"""CREATE TABLE … CLONE: what may be cloned to what, and the table that is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.dml import dml
from snowdome.errors import unsupported
from snowdome.objects import cloning, properties
from snowdome.objects.tables.create import settle, standing
from snowdome.objects.tables.statements import CloneTable
from snowdome.query import clone_point
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.state import transactions
from snowdome.state.records import Schema, Table
from snowdome.state.retention import drop_relation

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def clone(account: Account, session: Session, statement: CloneTable) -> Result:
    """The table is there, with the source's rows; its grants are the source's only with COPY GRANTS."""
    if session.in_transaction:
        transactions.commit(account, session)
    context, name = Context.of(session), statement.name
    with account.catalog.change() as change:
        schema = resolve.schema(account, context, name.database, name.schema, "CREATE TABLE")
        if not statement.temporary:
            context.require(account, "CREATE TABLE", schema)
        source = _source(account, context, statement)
        _may_become(source, schema, statement)
        old = standing(account, session, schema, name.last, temporary=statement.temporary)
        if old is not None and statement.how is How.IF_NOT_EXISTS:
            return status(f"{name.last} already exists, statement succeeded.")
        if old is not None and statement.how is not How.OR_REPLACE:
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{name.last}")
        if old is not None and not old.temporary:
            context.require(account, "OWNERSHIP", old)
        moment = clone_point.moment(account, session, statement.clone, source)
        made = _made(account, session, statement, source, schema)
        if source.temporary or statement.temporary:
            if moment is not None:
                raise unsupported("Time Travel in a clone of or to a temporary table")
            made = _copied(account, session, source, made)
        else:
            rows = cloning.rows_of(account, source, made.id, moment)
            made = replace(made, physical=rows.physical, past=rows.past)
        made = properties.applied(made, statement.settings)
        if made.temporary:
            settle(account, session, made, replace_old=True)
            return status(f"Table {name.last} successfully created.")
        keeper = old if old is not None else source
        made = replace(made, grants=keeper.grants) if statement.copy_grants else new_object(account, session, made)
        if old is not None:
            drop_relation(account, change, old, replaced=True)
        change.put(made)
    return status(f"Table {name.last} successfully created.")


def _source(account: Account, context: Context, statement: CloneTable) -> Table:
    name = statement.clone.source
    source = resolve.relation(account, context, (name.database, name.schema, name.last))
    if not isinstance(source, Table) or source.kind != Table.kind:
        raise errors.SqlError(2002, "42601", f"SQL compilation error:\nObject {source.name} is not a table.")
    if not source.temporary:
        context.require(account, "SELECT", source)
    if source.hybrid:
        raise unsupported("CLONE of a hybrid table")
    return source


def _may_become(source: Table, schema: Schema, statement: CloneTable) -> None:
    """A temporary table is cloned to a temporary or transient one, a transient one not to a permanent one."""
    if statement.temporary or statement.transient or schema.transient:
        return
    if source.temporary:
        raise errors.invalid(
            "Temp table cannot be cloned to a permanent table; clone to a transient table instead.", 2120, "0A000"
        )
    if source.transient:
        raise errors.invalid("Transient object cannot be cloned to a permanent object.", 2119, "42601")


def _made(account: Account, session: Session, statement: CloneTable, source: Table, schema: Schema) -> Table:
    now = account.clock.now()
    return replace(
        source,
        id=account.catalog.new_id(),
        name=statement.name.last,
        parent=schema.id,
        created_on=now,
        altered_on=now,
        last_ddl=now,
        temporary=statement.temporary,
        transient=not statement.temporary and (statement.transient or schema.transient),
        owner=session.role,
        grants=(),
        tags=dict(source.tags),
        past=(),
    )


def _copied(account: Account, session: Session, source: Table, made: Table) -> Table:
    """The clone with rows of its own: a session's temporary table shares none."""
    physical = f"t{made.id}"
    with dml.implicit(account, session, ddl=True):
        transactions.start_writing(account, session)
        dml.copy_table(account, session, account.physical(session, source), physical, temporary=made.temporary)
    return replace(made, physical=physical)
