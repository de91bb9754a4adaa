"""What segments that run have used so far, kept so that asking costs the same whatever their number."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta

from snowdome.warehouses.metering.segments import SECONDS_OF_AN_HOUR, Segment, reaches

NEAR = timedelta(minutes=2)


class Tally:
    """The sum of `credit(segment, since, now)` over running segments, each counted from a moment of its own."""

    def __init__(self, begin: datetime, now: datetime, running: Iterable[tuple[Segment, datetime]]) -> None:
        self.begin = begin
        self.latest = now
        self._running: dict[int, tuple[Segment, datetime]] = {}
        self._paid = 0.0
        """Credits of minimums."""
        self._rate = 0.0
        """Credits per second of the segments whose minimum is over, and what they would have used since `begin`."""
        self._ahead = 0.0
        self._later: list[tuple[datetime, int]] = []
        """When each of the others begins to count by the second."""
        for segment, since in running:
            self.add(segment, since)

    def __bool__(self) -> bool:
        return bool(self._running)

    def add(self, segment: Segment, since: datetime) -> None:
        """The segment runs, and counts from `since`."""
        self._running[segment.id] = (segment, since)
        if since <= segment.started:
            self._paid += _per_second(segment) * segment.minimum
        heapq.heappush(self._later, (max(segment.by_second_from, since), segment.id))

    def remove(self, segment: Segment) -> None:
        """The segment runs no more."""
        known = self._running.pop(segment.id, None)
        if known is None:
            return
        found, since = known
        if since <= found.started:
            self._paid -= _per_second(found) * found.minimum
        counts_from = max(found.by_second_from, since)
        if (counts_from, found.id) in self._later:
            self._later.remove((counts_from, found.id))
            heapq.heapify(self._later)
        else:
            self._count(found, counts_from, -1)

    def used(self, now: datetime) -> float:
        """Credits up to now."""
        self.latest = max(self.latest, now)
        while self._later and self._later[0][0] <= now:
            counts_from, number = heapq.heappop(self._later)
            self._count(self._running[number][0], counts_from, 1)
        return self._paid + self._rate * (now - self.begin).total_seconds() - self._ahead

    def reaches(self, now: datetime, missing: float) -> datetime | None:
        """A moment at or before which `missing` credits more cannot have been used; close by, the moment they are."""
        most = self._rate + sum(_per_second(self._running[number][0]) for _, number in self._later)
        if missing <= 0:
            return now
        if most <= 0:
            return None
        try:
            earliest = now + timedelta(seconds=missing / most)
        except OverflowError:
            return None
        if earliest - now > NEAR or not self._later:
            return earliest
        return reaches([segment for segment, _ in self._running.values()], now, missing)

    def _count(self, segment: Segment, counts_from: datetime, sign: int) -> None:
        self._rate += sign * _per_second(segment)
        self._ahead += sign * _per_second(segment) * (counts_from - self.begin).total_seconds()


def _per_second(segment: Segment) -> float:
    return segment.rate / SECONDS_OF_AN_HOUR
