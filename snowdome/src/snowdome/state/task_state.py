"""Runs of tasks: what became of them, and when the next are due."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from snowdome.errors import SqlError
from snowdome.sql import cron
from snowdome.state.pipelines import Task

KEPT = 10_000
SUCCEEDED, FAILED, SKIPPED = "SUCCEEDED", "FAILED", "SKIPPED"
_EVERY = re.compile(r"\s*(\d+)\s+([HMS])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of one run of a task."""

    task: int
    name: str
    database: str
    schema: str
    text: str
    scheduled: datetime
    started: datetime
    ended: datetime
    state: str
    query_id: str | None = None
    error: SqlError | None = None


class Runs:
    """The latest runs of the account's tasks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Run] = deque(maxlen=KEPT)
        self._going: set[int] = set()

    def all(self) -> list[Run]:
        """The runs that are over, the latest first."""
        with self._lock:
            return list(reversed(self._kept))

    def add(self, run: Run) -> None:
        """The run is over."""
        with self._lock:
            self._kept.append(run)

    def enter(self, task: int) -> bool:
        """Whether the graph of that root was at rest; it is going now."""
        with self._lock:
            if task in self._going:
                return False
            self._going.add(task)
            return True

    def leave(self, task: int) -> None:
        """The graph of that root is at rest."""
        with self._lock:
            self._going.discard(task)


def next_run(task: Task, now: datetime) -> datetime | None:
    """The first moment after now at which the schedule wants a run."""
    schedule = task.settings.get("SCHEDULE")
    if schedule is None:
        return None
    if (found := cron.split(schedule)) is not None:
        return cron.following(found[0], now, ZoneInfo(found[1]))
    every = _EVERY.match(schedule)
    if every is None:
        return None
    step = timedelta(seconds=int(every[1]) * {"H": 3600, "M": 60, "S": 1}[every[2].upper()])
    base = task.resumed_on or now
    return base + step * ((now - base) // step + 1)
