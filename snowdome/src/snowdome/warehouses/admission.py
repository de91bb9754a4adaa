"""Admission of statements: each needs a warehouse that runs, or may resume, and a place on one of its clusters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import SqlError
from snowdome.security import access
from snowdome.security.resolve import Context
from snowdome.state import limits
from snowdome.state.records import Warehouse
from snowdome.state.running_queries import Running, after
from snowdome.warehouses import settings as warehouse_settings
from snowdome.warehouses.clusters import AUTORESUME, SUSPENDED

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session
    from snowdome.warehouses.clusters import Clusters
    from snowdome.warehouses.resource_monitors import ResourceMonitors

DISABLED = "DISABLED"
ADAPTIVE_CLUSTER = 1


class Compute:
    """The way of a statement onto a warehouse, and off it."""

    def __init__(self, account: Account, clusters: Clusters, watch: ResourceMonitors) -> None:
        self._account, self._clusters, self._monitors = account, clusters, watch
        self._shapes: dict[int, tuple[dict[str, Any], str, str]] = {}

    @contextmanager
    def use(self, session: Session) -> Iterator[None]:
        """The session's warehouse runs, resumed if it was asleep and may be, and is busy until the end."""
        running = session.running[-1]
        if running.warehouse is not None:
            yield  # within a statement that computes already
            return
        self._enter(session, running)
        try:
            self.delay(running)
            yield
        finally:
            self._leave(running)

    def delay(self, running: Running) -> None:
        """Wait as long as a fault or SYSTEM$WAIT says."""
        while running.delay > 0:
            seconds, running.delay = running.delay, 0.0
            self._account.running_queries.pause(running, after(self._account.clock.now(), seconds))
        self._account.running_queries.check(running)

    def _enter(self, session: Session, running: Running) -> None:
        clock, trace = self._account.clock, session.trace
        asked = clock.now()
        if trace is not None:
            trace.asked_for_compute(asked)
        with self._account.catalog.lock:
            found = self._chosen(session)
            limits.limit_on(self._account, running, found)
            placed = self._admit(found, running, asked)
        if not placed:
            limits.limit_queued(self._account, running, found)
            try:
                self._account.running_queries.wait(running)
            except SqlError:
                self._leave(running)
                raise
        self._trace(session, running, found, asked)

    def _admit(self, found: Warehouse, running: Running, at: datetime) -> bool:
        """Whether the statement runs, or else stands in the queue; the warehouse was resumed if it had to be."""
        if _adaptive(found):
            if found.state == DISABLED:
                raise errors.no_warehouse()
            refusal = self._monitors.refusal(found, at)
            if refusal is not None:
                raise refusal
            running.warehouse, running.cluster = found.id, ADAPTIVE_CLUSTER
            return True
        if found.state == SUSPENDED:
            if not found.settings.get("AUTO_RESUME", True):
                raise errors.no_warehouse()
            found = self._clusters.start(found, at, AUTORESUME, running)
        return self._clusters.place(found, running, at)

    def _leave(self, running: Running) -> None:
        with self._account.catalog.lock:
            now = self._account.clock.now()
            found = self._account.catalog.peek(running.warehouse) if running.warehouse is not None else None
            if isinstance(found, Warehouse) and _adaptive(found):
                self._clusters.billed(found, running, now)
            else:
                self._clusters.leave(running, now)
            running.warehouse = running.cluster = None

    def _trace(self, session: Session, running: Running, found: Warehouse, asked: datetime) -> None:
        trace = session.trace
        if trace is None:
            return
        trace.warehouse_id, trace.warehouse_name = found.id, found.name
        trace.warehouse_size, trace.warehouse_type = self._shape(found)
        trace.cluster = running.cluster
        trace.executing_at = self._account.clock.now()
        trace.queued_overload += (trace.executing_at - asked).total_seconds()

    def _shape(self, warehouse: Warehouse) -> tuple[str, str]:
        """Size and type as the histories show them, worked out once for the settings that hold."""
        known = self._shapes.get(warehouse.id)
        if known is None or known[0] is not warehouse.settings:
            settings = warehouse_settings.effective(warehouse.settings)
            size = warehouse_settings.SHOWN_SIZES.get(settings.get("WAREHOUSE_SIZE", ""), "Adaptive")
            known = self._shapes[warehouse.id] = (warehouse.settings, size, settings["WAREHOUSE_TYPE"])
        return known[1], known[2]

    def _chosen(self, session: Session) -> Warehouse:
        if session.warehouse is None:
            raise errors.no_warehouse()
        found = self._account.catalog.find(Warehouse, session.warehouse)
        if found is None or not Context.of(session).may_see(self._account, found):
            raise errors.no_warehouse()
        access.check(self._account, session, "USAGE", found)
        return found


def _adaptive(warehouse: Warehouse) -> bool:
    return warehouse.settings.get("WAREHOUSE_TYPE") == warehouse_settings.ADAPTIVE
