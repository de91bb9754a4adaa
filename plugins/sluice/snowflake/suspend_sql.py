"""Stopping a warehouse: for good, what runs in it aborted and nothing starting it again, or when its work is over."""

from __future__ import annotations

from sluice.domain.names import Identifier
from sluice.errors import StopError
from sluice.snowflake import teardown_sql
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import failure_of

_SUSPENDED_ALREADY = 90064


def stop(session: Session, warehouse: Identifier) -> None:
    """Leave the warehouse stopped: auto-resume off first, or the next statement starts it; suspended already is fine.

    D:sql-reference/sql/alter-warehouse: SUSPEND lets running statements finish, so they are aborted.
    """
    session.run(teardown_sql.stop_warehouse(warehouse))
    rest(session, warehouse)
    session.run(teardown_sql.abort_all(warehouse))


def rest(session: Session, warehouse: Identifier) -> None:
    """Leave the warehouse suspended once what runs in it is over; suspended already is fine."""
    try:
        session.run(teardown_sql.suspend(warehouse))
    except StopError as refused:
        failure = failure_of(refused)
        if failure is None or failure.errno != _SUSPENDED_ALREADY:
            raise
