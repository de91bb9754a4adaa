"""ALTER … SET, RESUME and SUSPEND, and CREATE … CLONE, of tasks, streams, pipes and dynamic tables: each to its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from snowdome.objects import automata, clones, dynamic_tables, pipes, streams, tasks
from snowdome.result import Result
from snowdome.security import access
from snowdome.sql.grammar.automata import CloneInside, RunInside, SetInside
from snowdome.state.pipelines import Task
from snowdome.state.records import Schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session

CHANGED = {
    "TASK": tasks.change,
    "STREAM": streams.change,
    "PIPE": pipes.change,
    "DYNAMIC TABLE": dynamic_tables.change,
}


def change(account: Account, session: Session, statement: SetInside) -> Result:
    """The object has those properties."""
    return CHANGED[statement.kind](account, session, statement)


def resume_or_suspend(account: Account, session: Session, statement: RunInside) -> Result:
    """The object works by itself from now on, or rests."""
    if statement.kind == "TASK":
        return tasks.resume_or_suspend(account, session, statement)
    return dynamic_tables.resume_or_suspend(account, session, statement)


def clone(account: Account, session: Session, statement: CloneInside) -> Result:
    """The copy is there, asleep."""
    if statement.kind == "STREAM":
        return streams.clone(account, session, statement)
    if statement.kind == "DYNAMIC TABLE":
        return dynamic_tables.clone(account, session, statement)
    source = automata.find(account, session, Task, statement.clone.source, "CREATE TASK")
    access.check(account, session, "OWNERSHIP", source)

    def make(put: Change, schema: Schema, old: Task | None) -> Task:
        now = account.clock.now()
        keeper = old if old is not None else source
        copy = replace(
            clones.asleep(source, now),
            id=put.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            user=session.user,
            grants=keeper.grants if statement.copy_grants else (),
        )
        return copy if source.parent == schema.id else replace(copy, after=())

    return automata.create(account, session, Task, statement.name, statement.how, tags=(), make=make)


HANDLERS: dict[type, Any] = {SetInside: change, RunInside: resume_or_suspend, CloneInside: clone}
