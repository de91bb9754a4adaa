"""SHOW DYNAMIC TABLES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import show_format
from snowdome.security.resolve import Context
from snowdome.sql.grammar.show import Show
from snowdome.state.pipelines import DynamicTable

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = (
    "created_on name database_name schema_name cluster_by rows bytes owner target_lag refresh_mode "
    "refresh_mode_reason warehouse comment text automatic_clustering scheduling_state last_suspended_on is_clone "
    "is_replica is_iceberg data_timestamp owner_role_type scheduler immutable_where execute_as_user"
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each dynamic table that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, session, one) for one in listing.inside(account, session, statement, DynamicTable)]
    return listing.answer(listing.TERSE if statement.terse else COLUMNS, rows)


def _cells(account: Account, session: Session, table: DynamicTable) -> dict[str, Any]:
    counts = account.information_schema.row_counts(Context.of(session), [table])
    return listing.cells_inside(account, table) | {
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
