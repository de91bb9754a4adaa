"""Starts, suspends, grows and shrinks warehouses: the record, the segments and the events in one change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.state import limits
from snowdome.state.records import Warehouse
from snowdome.state.running_queries import QUEUED, Running, cancelled
from snowdome.warehouses import settings
from snowdome.warehouses.cluster_history import COMPLETED, History
from snowdome.warehouses.cluster_state import POLL_SECONDS, Cluster, ClusterState, suspends_at
from snowdome.warehouses.metering.ledger import moment, number
from snowdome.warehouses.scaling import Scaling

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.catalog import Change
    from snowdome.warehouses.metering.ledger import Ledger
    from snowdome.warehouses.resource_monitors import ResourceMonitors

UP, SUSPENDED = "STARTED", "SUSPENDED"
RESUME, AUTORESUME = "WAREHOUSE_RESUME", "WAREHOUSE_AUTORESUME"
SUSPEND, AUTOSUSPEND = "WAREHOUSE_SUSPEND", "WAREHOUSE_AUTOSUSPEND"
SPINUP, SPINDOWN = "MULTICLUSTER_SPINUP", "MULTICLUSTER_SPINDOWN"
MARKS = "CREATE TABLE IF NOT EXISTS warehouse_marks (warehouse INTEGER PRIMARY KEY, idle_since INTEGER)"


class Clusters:
    """The machines of every warehouse. Every method is called with the catalog's lock held."""

    def __init__(self, account: Account, ledger: Ledger, watch: ResourceMonitors) -> None:
        self._account, self._ledger, self._monitors = account, ledger, watch
        watch.clusters = self
        self.history = History(account, ledger, watch)
        self.scaling = Scaling(account, self)
        self._machines: dict[int, ClusterState] = {}
        account.store.prepare((MARKS,))

    def restore(self) -> None:
        """The machines are as the account's file has them: statements that ran when it was last open are over."""
        now = self._account.clock.now()
        marks = {row[0]: moment(row[1]) for row in self._account.store.rows("SELECT * FROM warehouse_marks")}
        for segment in self._ledger.running():
            warehouse = self._account.catalog.peek(segment.warehouse_id)
            if not isinstance(warehouse, Warehouse) or warehouse.state != UP:
                with self._account.catalog.change() as change:
                    self.history.ended(change, segment.warehouse_id, segment.cluster, now)
                continue
            machines = self.of(warehouse)
            if all(one.number != segment.cluster for one in machines.clusters):
                machines.clusters.append(Cluster(segment.cluster))
        for machines in self._machines.values():
            known = [machines.idle_since, marks.get(machines.warehouse)]
            machines.idle_since = machines.marked = max(m for m in known if m is not None)
            self._plan(machines)

    def of(self, warehouse: Warehouse) -> ClusterState:
        """The warehouse's machines."""
        found = self._machines.get(warehouse.id)
        if found is None:
            since = warehouse.resumed_on or warehouse.created_on
            found = self._machines[warehouse.id] = ClusterState(warehouse.id, since)
        return found

    # -- starting and stopping --------------------------------------------------------------------------------------
    def create(self, change: Change, warehouse: Warehouse, at: datetime, by: Running | None) -> None:
        """The warehouse is new; its machines run if it does."""
        runs = warehouse.state == UP
        self.history.note(change, warehouse, "CREATE_WAREHOUSE", at, by, state="STARTED" if runs else COMPLETED)
        if runs:
            self._up(change, warehouse, at, by, RESUME)

    def start(self, warehouse: Warehouse, at: datetime, reason: str, by: Running | None = None) -> Warehouse:
        """The warehouse runs from now on, or a monitor's refusal is raised."""
        refusal = self._monitors.refusal(warehouse, at)
        if refusal is not None:
            raise refusal
        with self._account.catalog.change() as change:
            started = change.put(replace(warehouse, state=UP, resumed_on=at, updated_on=at))
            self.history.note(change, started, "RESUME_WAREHOUSE", at, by, reason=reason)
            self._up(change, started, at, by, reason)
        self._monitors.changed(started, at)
        return started

    def _up(self, change: Change, warehouse: Warehouse, at: datetime, by: Running | None, reason: str) -> None:
        machines = self.of(warehouse)
        least = warehouse.settings.get("MIN_CLUSTER_COUNT", 1)
        for _ in range(least):
            cluster = Cluster(machines.free_number())
            machines.clusters.append(cluster)
            change.undone(partial(machines.clusters.remove, cluster))
            self.history.began(change, warehouse, cluster.number, at)
            why = reason if warehouse.settings.get("MAX_CLUSTER_COUNT", 1) == 1 else SPINUP
            self.history.note(change, warehouse, "RESUME_CLUSTER", at, by, reason=why, cluster=cluster.number)
        self.history.consistent(change, warehouse, len(machines.serving()), at)
        machines.idle_since = at
        self._plan(machines)

    def suspend(self, warehouse: Warehouse, at: datetime, reason: str, by: Running | None = None) -> Warehouse:
        """The warehouse sleeps: clusters that run nothing are gone, others as soon as what they run is over."""
        machines = self.of(warehouse)
        with self._account.catalog.change() as change:
            asleep = change.put(replace(warehouse, state=SUSPENDED, updated_on=at))
            self.history.note(change, asleep, "SUSPEND_WAREHOUSE", at, by, reason=reason)
            for cluster in machines.serving():
                self.history.note(change, asleep, "SUSPEND_CLUSTER", at, by, reason=reason, cluster=cluster.number)
                self._leaves(change, machines, cluster, at)
            self._settled(change, asleep, machines, at)
        self._account.timers.forget(("suspend", warehouse.id))
        self._monitors.changed(asleep, at)
        self._readmit(asleep, machines, at)
        return asleep

    def remove(self, change: Change, warehouse: Warehouse, at: datetime, by: Running | None) -> list[Running]:
        """The warehouse is dropped: what runs or waits there is cancelled, and metering ends when that is over."""
        machines = self.of(warehouse)
        self.history.note(change, warehouse, "DROP_WAREHOUSE", at, by)
        aborted = self.abort(warehouse)
        for cluster in machines.serving():
            self._leaves(change, machines, cluster, at)
        for key in ("suspend", "scale-in", "scale-out"):
            self._account.timers.forget((key, warehouse.id))
        change.also("DELETE FROM warehouse_marks WHERE warehouse = ?", (warehouse.id,))
        return aborted

    def abort(self, warehouse: Warehouse) -> list[Running]:
        """What runs or waits there is cancelled; those statements."""
        found = [one for one in self._account.running_queries.all() if one.warehouse == warehouse.id]
        for running in found:
            self._account.running_queries.cancel(running, cancelled())
        return found

    # -- clusters ---------------------------------------------------------------------------------------------------
    def grow(self, warehouse: Warehouse, at: datetime, reason: str = SPINUP) -> Cluster:
        """The warehouse has one cluster more."""
        machines = self.of(warehouse)
        cluster = Cluster(machines.free_number())
        with self._account.catalog.change() as change:
            self.history.began(change, warehouse, cluster.number, at)
            self.history.note(change, warehouse, "SPINUP_CLUSTER", at, reason=reason, cluster=cluster.number)
            self.history.consistent(change, warehouse, len(machines.serving()) + 1, at)
        machines.clusters.append(cluster)
        self._monitors.changed(warehouse, at)
        self.scaling.watch(warehouse, machines, at)
        return cluster

    def shrink(self, warehouse: Warehouse, cluster: Cluster, at: datetime, reason: str = SPINDOWN) -> None:
        """The warehouse has that cluster no longer than it takes to finish what it runs."""
        machines = self.of(warehouse)
        with self._account.catalog.change() as change:
            self.history.note(change, warehouse, "SPINDOWN_CLUSTER", at, reason=reason, cluster=cluster.number)
            self._leaves(change, machines, cluster, at)
            self._settled(change, warehouse, machines, at)
        self._monitors.changed(warehouse, at)

    def reshape(self, change: Change, old: Warehouse, new: Warehouse, at: datetime, by: Running | None) -> None:
        """The running warehouse has the size and the number of clusters that its new settings ask for."""
        before, after = settings.effective(old.settings), settings.effective(new.settings)
        kinds = ("WAREHOUSE_SIZE", "RESOURCE_CONSTRAINT", "WAREHOUSE_TYPE")
        resized = any(before.get(name) != after.get(name) for name in kinds)
        machines = self.of(new)
        self.history.note(change, new, "ALTER_WAREHOUSE", at, by, state="STARTED" if resized else COMPLETED)
        if resized:
            name = "RESIZE" if before.get("WAREHOUSE_SIZE") != after.get("WAREHOUSE_SIZE") else "CONVERT"
            why = "WAREHOUSE_RESIZE" if name == "RESIZE" else "CONVERT_RESOURCE_CONSTRAINT"
            self.history.note(change, new, f"{name}_WAREHOUSE", at, by, reason=why)
            for cluster in machines.serving():
                self.history.resized(change, new, cluster.number, at)
                self.history.note(
                    change, new, f"{name}_CLUSTER", at, by, reason=why, cluster=cluster.number, state=COMPLETED
                )
            self.history.consistent(change, new, len(machines.serving()), at)

    def reshaped(self, warehouse: Warehouse, at: datetime) -> None:
        """What follows from new settings has happened: clusters up to the least, a new moment to fall asleep."""
        machines = self.of(warehouse)
        if warehouse.state == UP:
            while len(machines.serving()) < warehouse.settings.get("MIN_CLUSTER_COUNT", 1):
                self.grow(warehouse, at, reason="WAREHOUSE_RESIZE" if len(machines.serving()) == 0 else SPINUP)
            self.scaling.watch(warehouse, machines, at)
            self.fill(warehouse, at)
            self._plan(machines, again=True)
        self._monitors.changed(warehouse, at)

    # -- statements -------------------------------------------------------------------------------------------------
    def place(self, warehouse: Warehouse, running: Running, at: datetime) -> bool:
        """The statement runs on a cluster, or stands in the queue."""
        machines = self.of(warehouse)
        running.warehouse = warehouse.id
        cluster = machines.room(self.level(warehouse)) if not machines.queue else None
        if cluster is None and self.scaling.grows(warehouse, machines):
            cluster = self.grow(warehouse, at)
        if cluster is not None:
            cluster.running.append(running)
            running.cluster = cluster.number
            return True
        self._account.running_queries.ready(running, QUEUED)
        machines.queue.append(running)
        self.scaling.queued(warehouse, machines, at)
        return False

    def level(self, warehouse: Warehouse) -> int:
        """How many statements a cluster runs at once: MAX_CONCURRENCY_LEVEL of the warehouse, or the account."""
        own = warehouse.settings.get("MAX_CONCURRENCY_LEVEL")
        return int(own if own is not None else limits.of_account(self._account, "MAX_CONCURRENCY_LEVEL"))

    def leave(self, running: Running, at: datetime) -> None:
        """The statement is over: its place is another's, or the warehouse is idle from now on."""
        machines = self._machines[running.warehouse] if running.warehouse is not None else None
        if machines is None:
            return
        machines.idle_since = max(at, machines.idle_since)
        if running in machines.queue:
            machines.queue.remove(running)
        warehouse = self._account.catalog.peek(machines.warehouse)
        cluster = next((one for one in machines.clusters if running in one.running), None)
        if cluster is not None:
            cluster.running.remove(running)
            if cluster.leaving and not cluster.running:
                self._gone(machines, cluster, warehouse, at)
        if not isinstance(warehouse, Warehouse):
            return
        if machines.queue:
            self.fill(warehouse, at)
        self._mark(machines)
        if ("suspend", warehouse.id) not in self._account.timers:
            self._plan(machines)

    def fill(self, warehouse: Warehouse, at: datetime) -> None:
        """Statements from the queue run wherever there is room."""
        machines = self.of(warehouse)
        while machines.queue:
            cluster = machines.room(self.level(warehouse))
            if cluster is None and self.scaling.grows(warehouse, machines):
                cluster = self.grow(warehouse, at)
            if cluster is None:
                return
            running = machines.queue.popleft()
            cluster.running.append(running)
            running.cluster = cluster.number
            self._account.running_queries.wake(running)

    def _readmit(self, warehouse: Warehouse, machines: ClusterState, at: datetime) -> None:
        """What was queued when the warehouse was suspended is as if submitted now."""
        if not machines.queue:
            return
        try:
            if not warehouse.settings.get("AUTO_RESUME", True):
                raise errors.no_warehouse()
            started = self.start(warehouse, at, AUTORESUME, machines.queue[0])
        except errors.SqlError as problem:
            waiting = list(machines.queue)
            machines.queue.clear()
            for running in waiting:
                self._account.running_queries.cancel(running, problem)
            return
        self.fill(started, at)

    def billed(self, warehouse: Warehouse, running: Running, at: datetime) -> None:
        """The statement's time on an adaptive warehouse is on record: these are billed by statement, without a minimum.

        Snowflake publishes no rate; here it is that of MAX_QUERY_PERFORMANCE_LEVEL, the most it may cost (assumed).
        """
        with self._account.catalog.change() as change:
            self.history.spent(change, warehouse, running.started, at)
        self._monitors.changed(warehouse, at)

    # -- idleness ---------------------------------------------------------------------------------------------------
    def _plan(self, machines: ClusterState, *, again: bool = False) -> None:
        """The agenda has when the warehouse falls asleep, if it stays idle."""
        key = ("suspend", machines.warehouse)
        warehouse = self._account.catalog.peek(machines.warehouse)
        if again:
            self._account.timers.forget(key)
        if not isinstance(warehouse, Warehouse) or warehouse.state != UP:
            return
        due = suspends_at(warehouse.settings, machines.idle_since)
        if due is not None and not machines.running() and not machines.queue:
            self._account.timers.at(due, key, lambda at: self._idle(machines, at))

    def _idle(self, machines: ClusterState, at: datetime) -> None:
        with self._account.catalog.lock:
            warehouse = self._account.catalog.peek(machines.warehouse)
            if not isinstance(warehouse, Warehouse) or warehouse.state != UP or machines.running() or machines.queue:
                return
            due = suspends_at(warehouse.settings, machines.idle_since)
            if due is not None and due <= at:
                self.suspend(warehouse, at, AUTOSUSPEND)
            else:
                self._plan(machines)

    def _mark(self, machines: ClusterState) -> None:
        since = machines.idle_since
        if machines.marked is None or abs(since - machines.marked) >= timedelta(seconds=POLL_SECONDS):
            self.mark(machines)

    def mark(self, machines: ClusterState | None = None) -> None:
        """Since when the warehouse, or each, is idle is on disk (every 30 seconds at most, where statements do it)."""
        with self._account.catalog.change() as change:
            for one in [machines] if machines is not None else list(self._machines.values()):
                one.marked = one.idle_since
                values = (one.warehouse, number(one.idle_since))
                change.also("INSERT OR REPLACE INTO warehouse_marks VALUES (?, ?)", values)

    # -- leaving ----------------------------------------------------------------------------------------------------
    def _leaves(self, change: Change, machines: ClusterState, cluster: Cluster, at: datetime) -> None:
        cluster.leaving = True
        if not cluster.running:
            machines.clusters.remove(cluster)
            self.history.ended(change, machines.warehouse, cluster.number, at)

    def _gone(self, machines: ClusterState, cluster: Cluster, warehouse: Any, at: datetime) -> None:
        with self._account.catalog.change() as change:
            self._leaves(change, machines, cluster, at)
            if isinstance(warehouse, Warehouse):
                self._settled(change, warehouse, machines, at)
        if isinstance(warehouse, Warehouse):
            self._monitors.changed(warehouse, at)
        elif not machines.clusters:
            self._machines.pop(machines.warehouse, None)

    def _settled(self, change: Change, warehouse: Warehouse, machines: ClusterState, at: datetime) -> None:
        """Once nothing is leaving any more, the warehouse is consistent."""
        if not any(one.leaving for one in machines.clusters):
            self.history.consistent(change, warehouse, len(machines.clusters), at)
