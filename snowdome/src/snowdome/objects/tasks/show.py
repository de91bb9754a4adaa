"""SHOW TASKS, and DESCRIBE TASK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.result import Result
from snowdome.security import resolve, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.pipelines import Task

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = (
    "created_on name id database_name schema_name owner comment warehouse schedule predecessors state definition "
    "condition allow_overlapping_execution error_integration last_committed_on last_suspended_on owner_role_type "
    "config budget task_relations last_suspended_reason success_integration scheduling_mode "
    "target_completion_interval execute_as_user"
)
TERSE = "created_on name kind database_name schema_name schedule"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each task that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, one) for one in listing.inside(account, session, statement, Task)]
    return listing.answer(TERSE if statement.terse else COLUMNS, rows)


def describe(account: Account, session: Session, name: Name) -> Result:
    """The row of SHOW for that task."""
    with account.catalog.lock:
        found = pipelines.find(account, session, Task, name, "DESCRIBE")
        return listing.answer(COLUMNS, [_cells(account, found)])


def _cells(account: Account, task: Task) -> dict[str, Any]:
    before = [one for i in task.after if (one := account.catalog.peek(i)) is not None]
    names = [resolve.full_name(account, one) for one in before]
    overlap = task.settings.get("OVERLAP_POLICY", "NO_OVERLAP") != "NO_OVERLAP"
    return listing.cells_inside(account, task) | {
        "id": f"{task.id:08x}-0000-0000-0000-{task.id:012x}",
        "warehouse": task.settings.get("WAREHOUSE"),
        "schedule": task.settings.get("SCHEDULE"),
        "predecessors": json.dumps(names),
        "state": "started" if task.started else "suspended",
        "definition": task.definition,
        "condition": task.condition or None,
        "allow_overlapping_execution": None if task.after else show_format.truth(overlap),
        "last_committed_on": task.committed_on,
        "last_suspended_on": task.suspended_on,
        "config": task.settings.get("CONFIG"),
        "task_relations": json.dumps({"Predecessors": names}, separators=(",", ":")),
        "last_suspended_reason": task.suspended_why,
    }
