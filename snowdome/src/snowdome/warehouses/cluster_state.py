"""The clusters of a warehouse now: what runs on them, and what is queued."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from snowdome.state.running_queries import Running

POLL_SECONDS = 30


@dataclass(slots=True, eq=False)
class Cluster:
    """A cluster; one that is leaving takes no new statement, and is gone when its last one is over."""

    number: int
    running: list[Running] = field(default_factory=list)
    leaving: bool = False


@dataclass(slots=True, eq=False)
class ClusterState:
    """What one warehouse has."""

    warehouse: int
    idle_since: datetime
    clusters: list[Cluster] = field(default_factory=list)
    queue: deque[Running] = field(default_factory=deque)
    marked: datetime | None = None
    """The last `idle_since` that is on disk."""
    spare: int = 0
    """How many checks in a row found one cluster more than is needed."""

    def serving(self) -> list[Cluster]:
        """The clusters that take statements."""
        return [one for one in self.clusters if not one.leaving]

    def running(self) -> int:
        """How many statements run."""
        return sum(len(one.running) for one in self.clusters)

    def room(self, level: int) -> Cluster | None:
        """The first cluster that takes one more statement."""
        return next((one for one in self.clusters if not one.leaving and len(one.running) < level), None)

    def free_number(self) -> int:
        """The lowest number that no cluster bears."""
        taken = {one.number for one in self.clusters}
        return next(n for n in range(1, len(taken) + 2) if n not in taken)


def suspends_at(settings: Mapping[str, Any], idle_since: datetime) -> datetime | None:
    """When a warehouse that is idle since then falls asleep; None where it never does.

    What suspends idle warehouses looks every 30 seconds (sql/alter-warehouse, AUTO_SUSPEND): counted here from when the
    warehouse became idle.
    """
    wait = settings.get("AUTO_SUSPEND", 600)
    if not wait:
        return None
    return idle_since + timedelta(seconds=-(-wait // POLL_SECONDS) * POLL_SECONDS)
