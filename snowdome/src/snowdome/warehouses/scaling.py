"""When a multi-cluster warehouse starts a cluster, and when it gives one up (user-guide/warehouses-multicluster)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from snowdome.state.records import Warehouse
from snowdome.warehouses.cluster_state import ClusterState

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.warehouses.clusters import Clusters

STANDARD, ECONOMY = "STANDARD", "ECONOMY"
CHECK = timedelta(minutes=1)
CHECKS = {STANDARD: 2, ECONOMY: 5}
"""Checks in a row, one a minute, that find a cluster too many before one is shut down (an earlier edition of the page
says 2 to 3, and 5 to 6; today's says `sustained`)."""
WORTH_STARTING = timedelta(minutes=6)
"""ECONOMY starts a cluster for six minutes of work; what the load will be nobody knows here, so: once statements have
been queued for that long (assumed)."""
ONE_BY_ONE = 10


class Scaling:
    """The two scaling policies."""

    def __init__(self, account: Account, clusters: Clusters) -> None:
        self._account, self._clusters = account, clusters

    def grows(self, warehouse: Warehouse, machines: ClusterState) -> bool:
        """Whether a statement that finds no room has a cluster started for it."""
        policy = warehouse.settings.get("SCALING_POLICY", STANDARD)
        return policy == STANDARD and self._may_grow(warehouse, machines)

    def queued(self, warehouse: Warehouse, machines: ClusterState, at: datetime) -> None:
        """A statement is queued: where the policy waits before it grows, that wait begins."""
        key = ("scale-out", warehouse.id)
        if self._may_grow(warehouse, machines) and key not in self._account.timers:
            self._account.timers.at(at + WORTH_STARTING, key, lambda then: self._loaded(machines, then))

    def watch(self, warehouse: Warehouse, machines: ClusterState, at: datetime) -> None:
        """The load is looked at every minute while there are more clusters than the least."""
        key = ("scale-in", warehouse.id)
        if len(machines.serving()) > warehouse.settings.get("MIN_CLUSTER_COUNT", 1) and key not in self._account.timers:
            self._account.timers.at(at + CHECK, key, lambda then: self._check(machines, then))

    def _may_grow(self, warehouse: Warehouse, machines: ClusterState) -> bool:
        running = len(machines.serving())
        return warehouse.state == "STARTED" and running < warehouse.settings.get("MAX_CLUSTER_COUNT", 1)

    def _loaded(self, machines: ClusterState, at: datetime) -> None:
        with self._account.catalog.lock:
            warehouse = self._account.catalog.peek(machines.warehouse)
            if isinstance(warehouse, Warehouse) and machines.queue and self._may_grow(warehouse, machines):
                self._clusters.grow(warehouse, at)
                self._clusters.fill(warehouse, at)
                if machines.queue:
                    self.queued(warehouse, machines, at)

    def _check(self, machines: ClusterState, at: datetime) -> None:
        with self._account.catalog.lock:
            warehouse = self._account.catalog.peek(machines.warehouse)
            if not isinstance(warehouse, Warehouse) or warehouse.state != "STARTED":
                machines.spare = 0
                return
            serving = machines.serving()
            least, most = (warehouse.settings.get(f"{end}_CLUSTER_COUNT", 1) for end in ("MIN", "MAX"))
            load = sum(len(one.running) for one in serving)
            fits = not machines.queue and load <= (len(serving) - 1) * self._clusters.level(warehouse)
            machines.spare = machines.spare + 1 if len(serving) > least and (fits or len(serving) > most) else 0
            if machines.spare >= CHECKS[warehouse.settings.get("SCALING_POLICY", STANDARD)]:
                machines.spare = 0
                self._give_up(warehouse, machines, len(serving) - least, at)
            self.watch(warehouse, machines, at)

    def _give_up(self, warehouse: Warehouse, machines: ClusterState, spare: int, at: datetime) -> None:
        """The least loaded cluster is shut down; of more than ten, all idle ones beyond the tenth at once."""
        serving = sorted(machines.serving(), key=lambda one: (len(one.running), -one.number))
        count = 1
        if len(serving) > ONE_BY_ONE:
            idle = sum(not one.running for one in serving)
            count = max(1, min(idle, len(serving) - ONE_BY_ONE, spare))
        for cluster in serving[:count]:
            self._clusters.shrink(warehouse, cluster, at)
