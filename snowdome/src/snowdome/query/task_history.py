"""TASK_HISTORY: the runs of tasks, and those to come (sql-reference/functions/task_history)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from snowdome.errors import invalid
from snowdome.query import arguments
from snowdome.result import Result
from snowdome.security import access
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.cursor import Cursor
from snowdome.state import task_state
from snowdome.state.pipelines import Task
from snowdome.state.records import Database, Record, Schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.binding import Binding

ARGUMENTS = {
    "SCHEDULED_TIME_RANGE_START": arguments.TIME,
    "SCHEDULED_TIME_RANGE_END": arguments.TIME,
    "RESULT_LIMIT": arguments.NUMBER,
    "TASK_NAME": arguments.TEXT,
    "ERROR_ONLY": arguments.TRUTH,
    "ROOT_TASK_ID": arguments.TEXT,
}
COLUMNS = (
    *((name, TEXT) for name in (
        "QUERY_ID", "NAME", "DATABASE_NAME", "SCHEMA_NAME", "QUERY_TEXT", "CONDITION_TEXT", "STATE", "ERROR_CODE",
        "ERROR_MESSAGE")),
    *((name, TIME) for name in ("SCHEDULED_TIME", "QUERY_START_TIME", "NEXT_SCHEDULED_TIME", "COMPLETED_TIME")),
    ("ROOT_TASK_ID", TEXT), ("GRAPH_VERSION", NUMBER), ("RUN_ID", NUMBER), ("RETURN_VALUE", TEXT),
    ("SCHEDULED_FROM", TEXT), ("ATTEMPT_NUMBER", NUMBER), ("CONFIG", TEXT),
)  # fmt: skip
WEEK = timedelta(days=7)
MOST = 10_000


def history(binder: Binding, call: exp.Anonymous) -> Result:
    """The runs of the last seven days that the one who asks may see, the latest first; limited before any WHERE."""
    account, context = binder.account, binder.context
    given = arguments.read(binder, call, ARGUMENTS)
    if "ROOT_TASK_ID" in given:
        raise invalid("unsupported by snowdome: TASK_HISTORY with ROOT_TASK_ID", 2, "0A000")
    limit = int(given.get("RESULT_LIMIT", 100))
    if not 1 <= limit <= MOST:
        raise invalid(f"invalid value [{limit}] for parameter 'RESULT_LIMIT': must be between 1 and {MOST}")
    start = given.get("SCHEDULED_TIME_RANGE_START", account.clock.now() - WEEK)
    end = given.get("SCHEDULED_TIME_RANGE_END")
    name = Cursor(str(given["TASK_NAME"])).name().last if "TASK_NAME" in given else None
    with account.catalog.lock:
        rows = [row for row in _rows(account, context) if start <= row["SCHEDULED_TIME"]]
    rows = [r for r in rows if (end is None or r["SCHEDULED_TIME"] <= end) and (name is None or r["NAME"] == name)]
    if given.get("ERROR_ONLY"):
        rows = [row for row in rows if row["STATE"] == task_state.FAILED]
    return Result(columns=COLUMNS, rows=[tuple(row.get(n) for n, _ in COLUMNS) for row in rows[:limit]])


def _rows(account: Account, context: Context) -> list[dict[str, Any]]:
    coming = [
        _coming(account, task, due)
        for task in account.catalog.all(Task)
        if task.started
        and _sees(account, context, task)
        and (due := task_state.next_run(task, account.clock.now())) is not None
    ]
    past = [_past(run) for run in account.runs.all() if _sees(account, context, account.catalog.peek(run.task))]
    return coming + past


def _sees(account: Account, context: Context, task: Record | None) -> bool:
    if task is None:
        return False
    session = context.session
    return any(access.has(account, session, p, task) for p in ("OWNERSHIP", "MONITOR", "OPERATE")) or (
        access.holds_on_account(account, access.roles_of(account, session), "MONITOR EXECUTION")
    )


def _coming(account: Account, task: Task, due: datetime) -> dict[str, Any]:
    schema = account.catalog.get(Schema, task.parent)
    return {
        "NAME": task.name,
        "DATABASE_NAME": account.catalog.get(Database, schema.parent).name,
        "SCHEMA_NAME": schema.name,
        "QUERY_TEXT": task.definition,
        "CONDITION_TEXT": task.condition or None,
        "STATE": "SCHEDULED",
        "SCHEDULED_TIME": due,
        "SCHEDULED_FROM": "SCHEDULE",
    }


def _past(run: task_state.Run) -> dict[str, Any]:
    return {
        "QUERY_ID": run.query_id,
        "NAME": run.name,
        "DATABASE_NAME": run.database,
        "SCHEMA_NAME": run.schema,
        "QUERY_TEXT": run.text,
        "STATE": run.state,
        "ERROR_CODE": f"{run.error.errno:06d}" if run.error is not None else None,
        "ERROR_MESSAGE": run.error.message if run.error is not None else None,
        "SCHEDULED_TIME": run.scheduled,
        "QUERY_START_TIME": run.started,
        "COMPLETED_TIME": run.ended,
        "ATTEMPT_NUMBER": 1,
    }
