"""The account's state: what every statement may reach, whatever it does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from snowdome.result import Result
    from snowdome.state.catalog import Catalog
    from snowdome.state.clock import Clock
    from snowdome.state.duckdb_rows import Duck
    from snowdome.state.fault_injection import Faults
    from snowdome.state.locks import TableLocks
    from snowdome.state.records import Table
    from snowdome.state.results import Results
    from snowdome.state.running_queries import RunningQueries
    from snowdome.state.session import Session
    from snowdome.state.statement_log import StatementLog
    from snowdome.state.store import Store
    from snowdome.state.task_state import Runs
    from snowdome.state.timekeeper import Timekeeper
    from snowdome.state.timers import Timers


class Execute(Protocol):
    """Carries out a statement in a session."""

    def __call__(self, session: Session, sql: str, *, query_id: str = "") -> Result:
        """Return the statement's result."""


class Account:
    """Catalog, rows, clock and sessions."""

    clock: Clock
    store: Store
    catalog: Catalog
    duck: Duck
    results: Results
    log: StatementLog
    faults: Faults
    locks: TableLocks
    timers: Timers
    running_queries: RunningQueries
    time: Timekeeper
    runs: Runs
    execute: Execute
    """What carries out a statement of the account's own: that of a task, the refresh of a dynamic table."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self.session_ids = itertools.count(1)
        self.url = ""
        """Where the account is served, as its clients call it."""
        self.maintenance: list[Callable[[], None]] = []
        """What is asked, at the beginning of each statement, whether it is due."""

    def physical(self, session: Session, table: Table) -> str:
        """The anonymous table that holds the table's rows for this session."""
        return session.pending.get(table.id, table.physical)
