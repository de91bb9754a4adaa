"""The account: everything a statement can reach, and the one way in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from snowdome import bootstrap
from snowdome.engine import execution
from snowdome.objects import refreshes, runs
from snowdome.objects.retention import Purge
from snowdome.query import account as query_account
from snowdome.query.information_schema import InformationSchema
from snowdome.query.views import Views
from snowdome.state.agenda import Agenda
from snowdome.state.catalog import Catalog
from snowdome.state.clock import Clock
from snowdome.state.duck import Duck
from snowdome.state.faults import Faults
from snowdome.state.inflight import InFlight
from snowdome.state.locks import TableLocks
from snowdome.state.log import StatementLog
from snowdome.state.results import Results
from snowdome.state.sessions import close_session
from snowdome.state.store import Store
from snowdome.state.task_runs import Runs
from snowdome.state.timekeeper import Timekeeper
from snowdome.usage import storage
from snowdome.usage.keeping import Usage
from snowdome.warehouses.compute import Compute
from snowdome.warehouses.fleet.fleet import Fleet
from snowdome.warehouses.fleet.watch import Watch
from snowdome.warehouses.metering.ledger import Ledger

CLOCK = "clock"


CANCELLED_WITHIN = 2.0
"""Real seconds that closing waits for statements in flight to end."""


class Account(query_account.Account):
    """A Snowflake account: its catalog, its rows, its clock, and the sessions on it."""

    def __init__(self, folder: Path | None, password: str) -> None:
        super().__init__()
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
        self.agenda = Agenda()
        self.inflight = InFlight()
        self.locks = TableLocks(self.clock, self.inflight, self.results)
        self.time = Timekeeper(self.clock, self.agenda, self.inflight)
        self.time.together = self.catalog.change
        self.watch = Watch(self, self.ledger)
        self.fleet = Fleet(self, self.ledger, self.watch)
        self.compute = Compute(self, self.fleet, self.watch)
        bootstrap.lay(self, password)
        bootstrap.clean(self)
        self.maintenance.append(Purge(self).when_due)
        self.runs = Runs()
        self.execute = partial(execution.execute, self)
        with self.catalog.lock:
            self.fleet.wake_up()
            self.watch.wake_up()
            runs.wake_up(self)
            refreshes.wake_up(self)
            storage.measure_at_midnight(self)
        self.time.start()

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
            close_session(self, session)
        self.usage.close()
        self.duck.close()
        self.store.close()
