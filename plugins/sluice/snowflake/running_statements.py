"""The statements of a deployment that are under way: found by their query tag, and cancelled."""

from __future__ import annotations

from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement

_MOST = 10_000
"""Rows that the function returns at most: those that run come first."""
_DBT = '"stage":"dbt"'


def cancel_dbt(session: Session, deployment: str) -> int:
    """Cancel what dbt runs for this deployment as the session's own user, and return how many statements that were."""
    function = f"{session.control.sql}.INFORMATION_SCHEMA.QUERY_HISTORY_BY_USER"
    running = session.run(
        Statement(
            f"SELECT QUERY_ID FROM TABLE({function}(RESULT_LIMIT => {_MOST}))\n"
            "WHERE EXECUTION_STATUS IN ('RUNNING', 'QUEUED', 'BLOCKED', 'RESUMING_WAREHOUSE')\n"
            f"AND CONTAINS(QUERY_TAG, %s) AND CONTAINS(QUERY_TAG, '{_DBT}')",
            (f'"deployment":"{deployment}"',),
        )
    )
    for row in running:
        session.run(Statement("SELECT SYSTEM$CANCEL_QUERY(%s)", (row["query_id"],)))
    return len(running)
