"""Statements that are not over yet, as rows of the query history: their END_TIME is the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from snowdome.state.records import User
from snowdome.usage.columns import QUERY_HISTORY
from snowdome.usage.query_history import query_type

if TYPE_CHECKING:
    from snowdome.usage.account import Account

EPOCH = datetime.fromtimestamp(0, UTC)
_NAMES = (
    "QUERY_ID", "QUERY_TEXT", "DATABASE_ID", "DATABASE_NAME", "SCHEMA_ID", "SCHEMA_NAME", "QUERY_TYPE", "SESSION_ID",
    "AUTHN_EVENT_ID", "USER_NAME", "ROLE_NAME", "WAREHOUSE_ID", "WAREHOUSE_NAME", "WAREHOUSE_SIZE", "WAREHOUSE_TYPE",
    "CLUSTER_NUMBER", "QUERY_TAG", "EXECUTION_STATUS", "START_TIME", "END_TIME", "TOTAL_ELAPSED_TIME", "USER_TYPE",
)  # fmt: skip
COLUMNS = {name: QUERY_HISTORY.columns[name] for name in _NAMES}


def running_rows(account: Account) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """The columns that are known of running statements, and a row for each."""
    now = account.clock.now()
    rows: list[tuple[Any, ...]] = []
    for notes in list(account.usage.running.values()):
        entry = notes.entry
        user = account.catalog.peek(notes.user_id)
        flight = account.running_queries.get(entry.query_id)
        place = notes.warehouse_id if flight is None else notes.warehouse_id or flight.warehouse
        warehouse = account.catalog.peek(place) if place is not None else None
        elapsed = round((now - entry.started).total_seconds() * 1000)
        rows.append((
            entry.query_id, entry.text, notes.database_id, entry.database, notes.schema_id, entry.schema,
            query_type(entry.text), entry.session, notes.login_event, entry.user, entry.role, place,
            warehouse.name if warehouse is not None else None, notes.warehouse_size, notes.warehouse_type,
            notes.cluster, entry.query_tag,
            flight.state if flight is not None else "RUNNING", entry.started, EPOCH, elapsed,
            user.properties.get("TYPE") if isinstance(user, User) else None,
        ))  # fmt: skip
    return COLUMNS, rows
