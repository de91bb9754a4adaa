"""The account: assembled from its parts; opened and closed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from snowdome import bootstrap
from snowdome.engine import execution
from snowdome.objects import KINDS
from snowdome.objects.retention import Purge
from snowdome.query import account as query_account
from snowdome.query.information_schema import InformationSchema
from snowdome.query.views import Views
from snowdome.state.catalog import LAST_ID, Catalog
from snowdome.state.clock import Clock
from snowdome.state.duckdb_engine import Engine
from snowdome.state.duckdb_rows import Duck
from snowdome.state.fault_injection import Faults
from snowdome.state.locks import TableLocks
from snowdome.state.results import Results
from snowdome.state.running_queries import RunningQueries
from snowdome.state.sessions import close_session
from snowdome.state.snapshot import Snapshot
from snowdome.state.statement_log import StatementLog
from snowdome.state.store import Store
from snowdome.state.task_state import Runs
from snowdome.state.timekeeper import Timekeeper
from snowdome.state.timers import Timers
from snowdome.usage import storage_views
from snowdome.usage.recorder import Usage
from snowdome.usage.store import USAGE
from snowdome.warehouses.admission import Compute
from snowdome.warehouses.clusters import Clusters
from snowdome.warehouses.metering.ledger import Ledger
from snowdome.warehouses.resource_monitors import ResourceMonitors

CLOCK = "clock"


CANCELLED_WITHIN = 2.0
"""Real seconds that closing waits for statements in flight to end."""


class Account(query_account.Account):
    """A Snowflake account: its catalog, its rows, its clock, and the sessions on it."""

    def __init__(
        self, folder: Path | None, password: str, *, engine: Engine | None = None, origin: Snapshot | None = None
    ) -> None:
        """The account in the folder, in memory that of the snapshot, or a new one; the engine is not its to close."""
        super().__init__()
        self.clock = Clock()
        self.store = Store(folder / "account.sqlite" if folder else None, origin.store if origin else None)
        self.catalog = Catalog(self.store)
        kept = self.catalog.fact(CLOCK)
        self.clock.kept = self._keep_clock
        if origin is not None and origin.now is not None:
            self.clock.set(now=origin.now, speed=origin.speed)
        elif kept is not None:
            self.clock.resume(kept)
        saved = origin.rows if origin else None
        self.ledger = Ledger(self.store)
        self.duck = Duck(folder, engine, saved)
        self.usage = Usage(self, folder, saved)
        self.catalog.journal = self.usage.versions.journal
        self.views = Views(self)
        self.information_schema = InformationSchema(self)
        self.results = Results()
        self.log = StatementLog(self.clock)
        self.faults = Faults()
        self.timers = Timers()
        self.running_queries = RunningQueries()
        self.locks = TableLocks(self.clock, self.running_queries, self.results)
        self.time = Timekeeper(self.clock, self.timers, self.running_queries)
        self.time.together = self.catalog.change
        self.monitors = ResourceMonitors(self, self.ledger)
        self.clusters = Clusters(self, self.ledger, self.monitors)
        self.compute = Compute(self, self.clusters, self.monitors)
        bootstrap.create_system_objects(self, password)
        bootstrap.repair(self)
        self.maintenance.append(Purge(self).when_due)
        self.runs = Runs()
        self.execute = partial(execution.execute, self)
        with self.catalog.lock:
            self.clusters.restore()
            self.monitors.restore()
            for kind in KINDS:
                if kind.restore is not None:
                    kind.restore(self)
            storage_views.measure_at_midnight(self)
        self.time.start()

        if origin is not None:
            origin.recall(self)

    def snapshot(self) -> Snapshot:
        """Return a copy of the account as it is when the statements that commit just now have done so."""
        self.usage.history.flush()
        with self.time.standing(), self.catalog.lock:
            self.clusters.mark()
            with self.catalog.change() as change:
                change.fact(LAST_ID, str(self.catalog.last_id))
            return Snapshot(
                now=self.clock.now() if self.clock.driven else None,
                speed=self.clock.speed,
                rows=self.duck.saved(USAGE),
                store=Store(None, self.store),
                statements=self.log.ended(),
                outcomes=self.results.ended(),
                runs=self.runs.all(),
            )

    def _keep_clock(self, setting: str) -> None:
        with self.catalog.change() as change:
            change.fact(CLOCK, setting)

    def close(self) -> None:
        """The files are closed; everything committed is in them."""
        for running in self.running_queries.all():
            self.running_queries.cancel(running)
        self.running_queries.settle(within=CANCELLED_WITHIN)
        self.time.stop()
        self.clusters.mark()
        for session in list(self.sessions.values()):
            close_session(self, session)
        self.usage.close()
        self.duck.close()
        self.store.close()
