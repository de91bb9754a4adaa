"""SHOW and DESCRIBE of tasks, streams, pipes and dynamic tables, with the columns of Snowflake's pages sql/show-…."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from snowdome.objects import automata
from snowdome.objects import show as shows
from snowdome.query import streams
from snowdome.result import Result, listing
from snowdome.security import access, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.pipelines import DynamicTable, Pipe, Stream, Task
from snowdome.state.records import Database, Record, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

TASK = (
    "created_on name id database_name schema_name owner comment warehouse schedule predecessors state definition "
    "condition allow_overlapping_execution error_integration last_committed_on last_suspended_on owner_role_type "
    "config budget task_relations last_suspended_reason success_integration scheduling_mode "
    "target_completion_interval execute_as_user"
)
STREAM = (
    "created_on name database_name schema_name owner comment table_name source_type base_tables type stale mode "
    "stale_after invalid_reason owner_role_type"
)
PIPE = (
    "created_on name database_name schema_name definition owner notification_channel comment integration pattern "
    "error_integration owner_role_type invalid_reason kind"
)
DYNAMIC = (
    "created_on name database_name schema_name cluster_by rows bytes owner target_lag refresh_mode "
    "refresh_mode_reason warehouse comment text automatic_clustering scheduling_state last_suspended_on is_clone "
    "is_replica is_iceberg data_timestamp owner_role_type scheduler immutable_where execute_as_user"
)
KINDS: dict[str, tuple[type[Record], str]] = {
    "TASK": (Task, TASK),
    "STREAM": (Stream, STREAM),
    "PIPE": (Pipe, PIPE),
    "DYNAMIC TABLE": (DynamicTable, DYNAMIC),
}
TERSE = {
    "TASK": "created_on name kind database_name schema_name schedule",
    "STREAM": "created_on name kind database_name schema_name tableOn",
}
OPERATORS = frozenset({"MONITOR", "OPERATE"})
TIMES = frozenset({
    "created_on", "last_committed_on", "last_suspended_on", "stale_after", "data_timestamp",
})  # fmt: skip


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each object of the kind that the session may see."""
    cls, names = KINDS[statement.kind]
    with account.catalog.lock:
        found = [
            r
            for parent in shows.parents(account, session, statement)
            for r in account.catalog.children(parent, cls)
            if access.may_see(account, session, r)
        ]
        wanted = show_format.keep(statement, found, lambda r: r.name)
        rows = [cells(account, session, r) for r in wanted]
    if statement.terse:
        names = TERSE.get(statement.kind, shows.TERSE)
    return _listed(names, rows)


def describe(account: Account, session: Session, kind: str, name: Name) -> Result:
    """The row of SHOW for one object."""
    cls, names = KINDS[kind]
    with account.catalog.lock:
        found = automata.find(account, session, cls, name, "DESCRIBE")
        return _listed(names, [cells(account, session, found)])


def _listed(names: str, rows: list[dict[str, Any]]) -> Result:
    columns = [(n, TIME if n in TIMES else NUMBER if n in ("rows", "bytes") else TEXT) for n in names.split()]
    return listing(columns, [[row.get(n) for n, _ in columns] for row in rows])


def cells(account: Account, session: Session, record: Record) -> dict[str, Any]:
    """What SHOW tells of the object."""
    schema = account.catalog.get(Schema, record.parent)
    database = account.catalog.get(Database, schema.parent)
    found: dict[str, Any] = {
        "created_on": record.created_on,
        "name": record.name,
        "database_name": database.name,
        "schema_name": schema.name,
        "owner": show_format.role_name(account, record.owner),
        "owner_role_type": show_format.role_type(account, record.owner),
        "comment": record.comment,
    }
    match record:
        case Task():
            return found | _task(account, record)
        case Stream():
            return found | _stream(account, session, record)
        case Pipe():
            return found | {"definition": record.definition, "kind": "STAGE"}
        case DynamicTable():
            return found | _dynamic(account, session, record)
        case _:
            return found


def _task(account: Account, task: Task) -> dict[str, Any]:
    before = [one for i in task.after if (one := account.catalog.peek(i)) is not None]
    names = [resolve.full_name(account, one) for one in before]
    overlap = task.settings.get("OVERLAP_POLICY", "NO_OVERLAP") != "NO_OVERLAP"
    return {
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


def _stream(account: Account, session: Session, stream: Stream) -> dict[str, Any]:
    table = account.catalog.peek(stream.source)
    live = isinstance(table, Table) and account.catalog.is_live(table)
    after = streams.stale_after(account, stream, table) if isinstance(table, Table) else stream.at
    seen = live and table is not None and access.may_see(account, session, table)
    name = resolve.full_name(account, table) if seen and table is not None else None
    return {
        "table_name": name,
        "tableOn": name,
        "kind": "DELTA",
        "source_type": "Table",
        "base_tables": name,
        "type": "DELTA",
        "stale": show_format.truth(not live or account.clock.now() > after),
        "mode": "APPEND_ONLY" if stream.append_only else "DEFAULT",
        "stale_after": after,
        "invalid_reason": "N/A",
    }


def _dynamic(account: Account, session: Session, table: DynamicTable) -> dict[str, Any]:
    counts = account.information_schema.row_counts(Context.of(session), [table])
    return {
        "cluster_by": f"LINEAR({table.cluster_by})" if table.cluster_by else "",
        "rows": counts.get(table.id),
        "bytes": 0,
        "target_lag": table.settings.get("TARGET_LAG"),
        "scheduler": table.settings.get("SCHEDULER"),
        "refresh_mode": "FULL",
        "refresh_mode_reason": _reason(table),
        "warehouse": table.settings.get("WAREHOUSE"),
        "text": table.text,
        "automatic_clustering": "OFF",
        "scheduling_state": "SUSPENDED" if table.suspended else "ACTIVE",
        "last_suspended_on": table.suspended_on,
        "is_clone": show_format.truth(table.cloned),
        "is_replica": "false",
        "is_iceberg": "false",
        "data_timestamp": table.as_of,
    }


def _reason(table: DynamicTable) -> str | None:
    if table.settings.get("REFRESH_MODE", "AUTO") == "FULL":
        return None
    return "snowdome refreshes every dynamic table in full"
