"""The account's state: what every statement may reach, whatever it does."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import duckdb

from snowdome.state import transactions, zones
from snowdome.state.complaints import from_duckdb
from snowdome.state.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from snowdome.errors import SqlError
    from snowdome.state.agenda import Agenda
    from snowdome.state.catalog import Catalog
    from snowdome.state.clock import Clock
    from snowdome.state.duck import Duck
    from snowdome.state.faults import Faults
    from snowdome.state.inflight import InFlight
    from snowdome.state.locks import TableLocks
    from snowdome.state.log import StatementLog
    from snowdome.state.records import Role, Table, User
    from snowdome.state.results import Results
    from snowdome.state.store import Store
    from snowdome.state.task_runs import Runs
    from snowdome.state.timekeeper import Timekeeper


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
    agenda: Agenda
    inflight: InFlight
    time: Timekeeper
    runs: Runs

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self.url = ""
        """Where the account is served, as its clients call it."""
        self.maintenance: list[Callable[[], None]] = []
        """What is asked, at the beginning of each statement, whether it is due."""
        self._session_ids = itertools.count(1)

    def open(self, user: User, role: Role, **state: Any) -> Session:
        """A new session of that user in that role."""
        session = Session(
            id=next(self._session_ids), user=user.id, role=role.id, duck=self.duck.cursor(), autocommit=True
        )
        for name, value in state.items():
            setattr(session, name, value)
        self.sessions[session.id] = session
        zones.apply(self, session)
        return session

    def end_sessions(self, user: User, *, but: Session) -> None:
        """The user's sessions are over, `but` the one that says so: what they run is cancelled, they ask no more."""
        for session in [one for one in self.sessions.values() if one.user == user.id and one is not but]:
            self.close_session(session)

    def close_session(self, session: Session) -> None:
        """What the session held is free: its statement is cancelled, its transaction undone, its tables are gone."""
        self.sessions.pop(session.id, None)
        self.inflight.cancel_session(session)
        with session.lock:  # what it ran has ended
            transactions.rollback(self, session)
            session.temporary.clear()
            session.duck.close()
            self.results.forget(session)

    def physical(self, session: Session, table: Table) -> str:
        """The anonymous table that holds the table's rows for this session."""
        return session.pending.get(table.id, table.physical)

    def error(self, problem: duckdb.Error) -> SqlError:
        """DuckDB's complaint in Snowflake's words, with Snowflake's names."""
        return from_duckdb(self, problem)

    def unregister(self, session: Session, names: list[str]) -> None:
        """Relations registered for one statement are gone."""
        for name in reversed(names):
            if name.startswith("u"):
                with suppress(duckdb.TransactionException):  # an aborted transaction takes it along
                    session.duck.execute(f'DROP VIEW IF EXISTS temp.main."{name}"')
            else:
                session.duck.unregister(name)
