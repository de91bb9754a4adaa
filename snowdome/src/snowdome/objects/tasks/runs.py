"""Runs of tasks: when they are due, what they do, and what became of them.

A run is a statement of its own: it is in flight, uses the task's warehouse, is in the query history and obeys the
session parameters of the task. It has the rights of the role that owns the task (user-guide/tasks-intro). While a
driven clock moves, every run happens at its moment.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.errors import SqlError
from snowdome.query import streams
from snowdome.sql.grammar.parameters import SESSION_OPTIONS
from snowdome.state.pipelines import Task
from snowdome.state.records import Database, Record, Role, Schema, User
from snowdome.state.running_queries import Running
from snowdome.state.sessions import close_session, open_session
from snowdome.state.statement_log import new_query_id
from snowdome.state.task_state import FAILED, SKIPPED, SUCCEEDED, Run, next_run

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

SUSPENDED_DUE_TO_ERRORS = "SUSPENDED_DUE_TO_ERRORS"
FAILURES = 10
"""SUSPEND_TASK_AFTER_NUM_FAILURES unless the task says otherwise (sql/create-task)."""
_HAS_DATA = re.compile(r"\s*SYSTEM\$STREAM_HAS_DATA\s*\(\s*'([^']+)'\s*\)\s*", re.IGNORECASE)


def served(condition: str) -> bool:
    """Whether the condition of a task is one that can be looked into here."""
    return _HAS_DATA.fullmatch(condition) is not None


def ancestors(account: Account, task: Task) -> Iterator[Task]:
    """The tasks whose runs lead to a run of this one."""
    for one in task.after:
        before = account.catalog.peek(one)
        if isinstance(before, Task):
            yield before
            yield from ancestors(account, before)


def roots(account: Account, task: Task) -> list[Task]:
    """The tasks at the beginning of the graph that this one is in; itself where it follows none."""
    return [one for one in (task, *ancestors(account, task)) if not one.after]


# -- when -----------------------------------------------------------------------------------------------------------
def restore(account: Account) -> None:
    """Every task that was resumed is waited for again."""
    for task in account.catalog.all(Task):
        plan(account, task)


def plan(account: Account, task: Task) -> None:
    """The next run of the task is on the agenda, if it has one."""
    key = (Task.kind, task.id)
    due = next_run(task, account.clock.now()) if task.started and account.catalog.is_live(task) else None
    if due is None:
        account.timers.forget(key)
    else:
        account.timers.at(due, key, lambda at: _due(account, task.id, at))


def _due(account: Account, task_id: int, at: datetime) -> None:
    task = account.catalog.peek(task_id)
    if isinstance(task, Task) and task.started and account.catalog.is_live(task):
        start(account, task, at)
        plan(account, task)


# -- what -----------------------------------------------------------------------------------------------------------
def start(account: Account, task: Task, at: datetime) -> None:
    """A run of the task, and then of those that follow it, is going, unless its graph still is."""
    if not account.runs.enter(task.id):
        return
    session = _session(account, task)
    waiting = Running(query_id=new_query_id(), session=session, text=task.definition, started=at, woken=True)
    account.running_queries.begin(waiting)
    threading.Thread(target=_graph, args=(account, task, at, waiting), name=f"task-{task.id}", daemon=True).start()


def _graph(account: Account, root: Task, at: datetime, waiting: Running) -> None:
    """The root's run and those of the tasks that follow it, each after all that it waits for have succeeded."""
    try:
        done: set[int] = set()
        todo = [root]
        while todo:
            task = todo.pop(0)
            if _run(account, task, at, _session(account, task)):
                done.add(task.id)
            todo += [
                one
                for one in account.catalog.all(Task)
                if task.id in one.after and one.started and set(one.after) <= done and account.catalog.is_live(one)
            ]
    finally:
        account.runs.leave(root.id)
        account.running_queries.end(waiting)  # last: the clock may move on
        close_session(account, waiting.session)


def _session(account: Account, task: Task) -> Session:
    """A session with the owner's rights, in the task's schema, on its warehouse."""
    user = account.catalog.peek(task.user or 0)
    if not isinstance(user, User) or user.dropped_on is not None:
        user = account.catalog.all(User)[0]
    schema = account.catalog.get(Schema, task.parent)
    parameters = {n: v for n, v in task.settings.items() if n in SESSION_OPTIONS.readers}
    milliseconds = int(task.settings.get("USER_TASK_TIMEOUT_MS", 0) or 3_600_000)
    parameters.setdefault("STATEMENT_TIMEOUT_IN_SECONDS", max(milliseconds // 1000, 1))
    return open_session(
        account,
        user,
        account.catalog.get(Role, task.owner or 0),
        as_owner=True,
        database=account.catalog.get(Database, schema.parent).name,
        schema=schema.name,
        warehouse=task.settings.get("WAREHOUSE"),
        parameters=parameters,
    )


def _run(account: Account, task: Task, at: datetime, session: Session) -> bool:
    """Whether the run succeeded; what became of it is kept."""
    started, query_id = account.clock.now(), new_query_id()
    error, state = None, SUCCEEDED
    try:
        if task.condition and not _wanted(account, session, task):
            state = SKIPPED
        else:
            account.execute(session, task.definition, query_id=query_id)
    except SqlError as problem:
        state, error = FAILED, problem
    finally:
        database, schema = session.database or "", session.schema or ""
        close_session(account, session)
    account.runs.add(
        Run(
            task=task.id,
            name=task.name,
            database=database,
            schema=schema,
            text=task.definition,
            scheduled=at,
            started=started,
            ended=account.clock.now(),
            state=state,
            query_id=query_id if state != SKIPPED else None,
            error=error,
        )
    )
    _count(account, task, state)
    return state == SUCCEEDED


def _wanted(account: Account, session: Session, task: Task) -> bool:
    found = _HAS_DATA.fullmatch(task.condition)
    if found is None:
        return True
    return streams.has_data(account, session, found[1])


def _count(account: Account, task: Task, state: str) -> None:
    """A task that failed often enough one time after the other is suspended."""
    with account.catalog.change() as change:
        current: Record | None = account.catalog.peek(task.id)
        if not isinstance(current, Task) or state == SKIPPED:
            return
        failures = current.failures + 1 if state == FAILED else 0
        limit = int(current.settings.get("SUSPEND_TASK_AFTER_NUM_FAILURES", FAILURES))
        if failures == current.failures:
            return
        current = replace(current, failures=failures)
        if limit and failures >= limit and current.started and not current.after:
            current = replace(
                current,
                started=False,
                suspended_on=account.clock.now(),
                suspended_why=SUSPENDED_DUE_TO_ERRORS,
                failures=0,
            )
        change.put(current)
        plan(account, current)
