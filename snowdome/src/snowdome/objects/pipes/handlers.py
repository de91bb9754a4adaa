"""CREATE and ALTER PIPE: pipes exist, are shown and paused; no file arrives by itself here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome.errors import SqlError, invalid, unsupported
from snowdome.files import stages
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.handlers import DONE
from snowdome.objects.pipelines.statements import SetProperties
from snowdome.objects.pipes.statements import CreatePipe
from snowdome.query.binder import parts_of
from snowdome.query.identifiers import normalise
from snowdome.result import Result
from snowdome.security import access, resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.parse import parse
from snowdome.state.pipelines import Pipe
from snowdome.state.records import Schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session


AUTO_INGEST = "AUTO_INGEST"


def create(account: Account, session: Session, statement: CreatePipe) -> Result:
    """The pipe is there, and waits for files that nobody announces here."""
    wanted = dict(statement.settings)
    if wanted.get(AUTO_INGEST):
        raise unsupported("CREATE PIPE … AUTO_INGEST = TRUE")
    _may_load(account, session, statement.definition)

    def make(change: Change, schema: Schema, old: Pipe | None) -> Pipe:
        now = account.clock.now()
        if statement.how is How.OR_ALTER and old is not None:
            if old.definition != statement.definition:
                raise invalid("CREATE OR ALTER PIPE does not change the COPY statement", 1420)
            return replace(old, comment=str(wanted.get("COMMENT", "")), altered_on=now)
        return Pipe(
            id=change.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            comment=str(wanted.get("COMMENT", "")),
            definition=statement.definition,
        )

    return pipelines.create(account, session, Pipe, statement.name, statement.how, tags=(), make=make)


def _may_load(account: Account, session: Session, definition: str) -> None:
    """Who makes the pipe may load by it: SELECT and INSERT on the table, READ on the stage (docs create-pipe)."""
    copy = normalise(parse(session.variables, definition))
    if not isinstance(copy, exp.Copy):
        raise unsupported(f"CREATE PIPE … AS {definition[:60]}")
    context = Context.of(session)
    node = copy.this.this if isinstance(copy.this, exp.Schema) else copy.this
    table = resolve.relation(account, context, parts_of(node))
    for privilege in ("INSERT", "SELECT"):
        context.require(account, privilege, table)
    if copy.args.get("files"):
        stages.bind_source(account, session, copy)


def change(account: Account, session: Session, statement: SetProperties) -> Result:
    """The pipe has those properties; OPERATE is enough to pause it."""
    with account.catalog.change() as put:
        try:
            found = pipelines.find(account, session, Pipe, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        wanted = dict(statement.settings) | dict.fromkeys(statement.unset)
        if set(wanted) == {"PIPE_EXECUTION_PAUSED"}:
            pipelines.operate(account, session, found)
        else:
            access.check(account, session, "OWNERSHIP", found)
        put.put(
            replace(
                found,
                comment=str(wanted["COMMENT"] or "") if "COMMENT" in wanted else found.comment,
                paused=bool(wanted.get("PIPE_EXECUTION_PAUSED", found.paused)),
                altered_on=account.clock.now(),
            )
        )
    return DONE
