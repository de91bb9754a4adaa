"""CREATE and ALTER STREAM, carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.errors import SqlError, invalid, unsupported
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.handlers import DONE
from snowdome.objects.pipelines.statements import CloneObject, SetProperties
from snowdome.objects.streams.statements import CreateStream
from snowdome.query import clone_point, time_travel
from snowdome.result import Result
from snowdome.security import access, resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.state.pipelines import Stream
from snowdome.state.records import Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session


def create(account: Account, session: Session, statement: CreateStream) -> Result:
    """The stream is there; its offset is now, the moment that was named, or another stream's."""
    context, name = Context.of(session), statement.table
    table = resolve.relation(account, context, (name.database, name.schema, name.last), "CREATE STREAM")
    if not isinstance(table, Table) or table.kind != Table.kind or table.temporary:
        raise unsupported(f"CREATE STREAM on a {table.kind}" + (" that is temporary" if table.temporary else ""))
    access.check(account, session, "SELECT", table)
    wanted = dict(statement.settings)

    def make(change: Change, schema: Schema, old: Stream | None) -> Stream:
        if statement.how is How.OR_ALTER and old is not None:
            if old.source != table.id or old.append_only != bool(wanted.get("APPEND_ONLY")):
                raise invalid("CREATE OR ALTER STREAM changes the comment alone", 1420)
            return replace(old, comment=str(wanted.get("COMMENT", "")))
        at, turn = _offset(account, session, statement, table)
        now = account.clock.now()
        return Stream(
            id=change.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            comment=str(wanted.get("COMMENT", "")),
            source=table.id,
            at=at,
            turn=turn,
            append_only=bool(wanted.get("APPEND_ONLY")),
            initial=bool(wanted.get("SHOW_INITIAL_ROWS")),
        )

    return pipelines.create(account, session, Stream, statement.name, statement.how, tags=statement.tags, make=make)


def _offset(account: Account, session: Session, statement: CreateStream, table: Table) -> tuple[datetime, int]:
    if statement.same_as is not None:
        other = pipelines.find(account, session, Stream, statement.same_as)
        if other.source != table.id:
            raise invalid(f"Stream {other.name} is on another table", 2003, "02000")
        return other.at, other.turn
    if statement.point is None:
        return account.clock.now(), account.catalog.last_id
    moment = clone_point.of_point(account, session, statement.point)
    time_travel.check(account, table, moment)
    return moment.at, time_travel.turn_at(account, table, moment)


def clone(account: Account, session: Session, statement: CloneObject) -> Result:
    """The stream is there, on the same table and with the same offset as its source."""
    source = pipelines.find(account, session, Stream, statement.clone.source, "CREATE STREAM")
    access.check(account, session, "OWNERSHIP", source)
    if statement.copy_grants:
        raise unsupported("CREATE STREAM … COPY GRANTS")

    def make(change: Change, schema: Schema, old: Stream | None) -> Stream:
        del old
        now = account.clock.now()
        return replace(
            source,
            id=change.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            grants=(),
        )

    return pipelines.create(account, session, Stream, statement.name, statement.how, tags=(), make=make)


def change(account: Account, session: Session, statement: SetProperties) -> Result:
    """The stream has that comment, or none."""
    with account.catalog.change() as put:
        try:
            found = pipelines.find(account, session, Stream, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        access.check(account, session, "OWNERSHIP", found)
        comment = str(dict(statement.settings).get("COMMENT", ""))
        put.put(replace(found, comment=comment, altered_on=account.clock.now()))
    return DONE
