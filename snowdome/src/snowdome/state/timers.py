"""Timers by the account's clock: what is due, and when."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Hashable
from datetime import datetime

Action = Callable[[datetime], object]


class Timers:
    """One entry per key: a moment and what is done then. The timekeeper does what is due, in order of time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heap: list[tuple[datetime, int, Hashable]] = []
        self._entries: dict[Hashable, tuple[int, Action]] = {}
        self._numbers = itertools.count()
        self.sooner: Callable[[datetime], None] = lambda _: None
        """Told of each new entry's moment; the timekeeper listens."""

    def at(self, moment: datetime, key: Hashable, action: Action) -> None:
        """`action(moment)` is done when that moment has come; what was entered under the key is no longer."""
        with self._lock:
            number = next(self._numbers)
            self._entries[key] = (number, action)
            heapq.heappush(self._heap, (moment, number, key))
        self.sooner(moment)

    def forget(self, key: Hashable) -> None:
        """Nothing is entered under the key."""
        with self._lock:
            self._entries.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def next(self) -> datetime | None:
        """The moment of the first entry."""
        with self._lock:
            self._drop_forgotten()
            return self._heap[0][0] if self._heap else None

    def take(self, until: datetime) -> tuple[datetime, Action] | None:
        """The first entry due at or before that moment, no longer entered."""
        with self._lock:
            self._drop_forgotten()
            if not self._heap or self._heap[0][0] > until:
                return None
            moment, _, key = heapq.heappop(self._heap)
            return moment, self._entries.pop(key)[1]

    def _drop_forgotten(self) -> None:
        while self._heap:
            _, number, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is not None and entry[0] == number:
                return
            heapq.heappop(self._heap)
