"""Suspending a warehouse: at once, aborting statements and disabling auto-resume; or after its statements end."""

from __future__ import annotations

from sluice.domain.names import Identifier
from sluice.errors import StopError
from sluice.snowflake import teardown_sql
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import failure_of

_SUSPENDED_ALREADY = 90064


def stop(session: Session, warehouse: Identifier) -> None:
    """Suspend the warehouse: auto-resume off first, or the next statement starts it; already suspended is fine.

    D:sql-reference/sql/alter-warehouse: SUSPEND lets running statements finish, so they are aborted.
    """
    session.run(teardown_sql.stop_warehouse(warehouse))
    suspend_when_idle(session, warehouse)
    session.run(teardown_sql.abort_all(warehouse))


def suspend_when_idle(session: Session, warehouse: Identifier) -> None:
    """Suspend the warehouse once its running statements end; already suspended is fine."""
    try:
        session.run(teardown_sql.suspend(warehouse))
    except StopError as refused:
        failure = failure_of(refused)
        if failure is None or failure.errno != _SUSPENDED_ALREADY:
            raise
