"""The account: everything a statement can reach, and the one way in."""

from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from snowdome import foundation
from snowdome.errors import SqlError
from snowdome.purge import Purge
from snowdome.query.information_schema import InformationSchema
from snowdome.query.views import Views
from snowdome.scheduler import refreshes, runs
from snowdome.security import access
from snowdome.security.resolve import Context
from snowdome.state import transactions, zones
from snowdome.state.agenda import Agenda
from snowdome.state.catalog import Catalog
from snowdome.state.clock import Clock
from snowdome.state.complaints import from_duckdb
from snowdome.state.duck import Duck
from snowdome.state.faults import Faults
from snowdome.state.inflight import InFlight
from snowdome.state.locks import TableLocks
from snowdome.state.log import StatementLog
from snowdome.state.records import Record, Role, Table, User
from snowdome.state.results import Results
from snowdome.state.session import Session
from snowdome.state.store import Store
from snowdome.state.task_runs import Runs
from snowdome.state.timekeeper import Timekeeper
from snowdome.usage.keeping import Usage
from snowdome.warehouses.compute import Compute
from snowdome.warehouses.fleet.fleet import Fleet
from snowdome.warehouses.fleet.watch import Watch
from snowdome.warehouses.metering.ledger import Ledger

CLOCK = "clock"


CANCELLED_WITHIN = 2.0
"""Real seconds that closing waits for statements in flight to end."""


class Account:
    """A Snowflake account: its catalog, its rows, its clock, and the sessions on it."""

    def __init__(self, folder: Path | None, password: str) -> None:
        self.clock = Clock()
        self.store = Store(folder / "account.sqlite" if folder else None)
        self.catalog = Catalog(self.store)
        if (kept := self.catalog.fact(CLOCK)) is not None:
            self.clock.resume(kept)
        self.clock.kept = self._keep_clock
        self.ledger = Ledger(self.store)
        self.duck = Duck(folder)
        self.usage = Usage(self, folder)
        self.catalog.journal = self.usage.versions.journal
        self.views = Views(self)
        self.information_schema = InformationSchema(self)
        self.results = Results()
        self.log = StatementLog(self.clock)
        self.faults = Faults()
        self.locks = TableLocks()
        self.agenda = Agenda()
        self.inflight = InFlight()
        self.time = Timekeeper(self.clock, self.agenda, self.inflight)
        self.time.together = self.catalog.change
        self.watch = Watch(self)
        self.fleet = Fleet(self)
        self.compute = Compute(self)
        self.sessions: dict[int, Session] = {}
        self.url = ""
        """Where the account is served, as its clients call it."""
        self._session_ids = itertools.count(1)
        foundation.lay(self, password)
        foundation.clean(self)
        self.purge = Purge(self)
        self.runs = Runs()
        with self.catalog.lock:
            self.fleet.wake_up()
            self.watch.wake_up()
            runs.wake_up(self)
            refreshes.wake_up(self)
            self.usage.start()
        self.time.start()

    # -- sessions -----------------------------------------------------------------------------------------------
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

    def _keep_clock(self, setting: str) -> None:
        with self.catalog.change() as change:
            change.fact(CLOCK, setting)

    def close(self) -> None:
        """The files are closed; everything committed is in them."""
        for running in self.inflight.all():
            self.inflight.cancel(running)
        self.inflight.settle(within=CANCELLED_WITHIN)
        self.time.stop()
        self.fleet.mark()
        for session in list(self.sessions.values()):
            self.close_session(session)
        self.usage.close()
        self.duck.close()
        self.store.close()

    # -- what the parts ask of the account --------------------------------------------------------------------------
    def may_see(self, context: Context, record: Record) -> bool:
        """Whether the one who asks may know that the record exists."""
        return context.applies or access.may_see(self, context.session, record, owner=context.owner)

    def require(self, context: Context, privilege: str, record: Record) -> None:
        """The one who asks has that privilege on the record, or Snowflake's refusal is raised."""
        access.check(self, context.session, privilege, record, owner=context.owner)

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

    def role_name(self, session: Session) -> str:
        """The name of the session's role."""
        return self.catalog.get(Role, session.role).name
