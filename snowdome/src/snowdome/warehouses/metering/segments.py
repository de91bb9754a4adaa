"""Stretches of time in which a cluster ran at one size, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from snowdome.warehouses.metering import rates

MINIMUM_SECONDS = 60.0
HOUR = timedelta(hours=1)
SECONDS_OF_AN_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A cluster ran at `size` from `started` to `ended` (None: it runs still).

    A cluster that is made larger runs on in its old segment, and gets another for what was added to it: that one has
    the size beneath it as `base`, costs the difference, and has a minimum of its own. What a start or a resize adds is
    billed for 60 seconds at least, at the moment it is added (user-guide/cost-understanding-compute).
    """

    id: int
    warehouse_id: int
    name: str
    cluster: int
    size: str
    generation: str
    started: datetime
    ended: datetime | None = None
    base: str | None = None
    minimum: float = MINIMUM_SECONDS
    factor: float = 1.0

    @property
    def rate(self) -> float:
        """Credits per hour."""
        return rates.per_hour(self.size, self.factor) - rates.per_hour(self.base, self.factor)

    @property
    def by_second_from(self) -> datetime:
        """When the minimum is used up and every further second counts."""
        return self.started + timedelta(seconds=self.minimum)

    def plain(self) -> dict[str, Any]:
        """The segment as JSON can carry it; `of` reads it."""
        times = {"started": self.started.isoformat(), "ended": self.ended.isoformat() if self.ended else None}
        return {**asdict(self), **times}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Segment:
        """The segment that `plain` made so."""
        ended = plain["ended"]
        times = {
            "started": datetime.fromisoformat(plain["started"]),
            "ended": datetime.fromisoformat(ended) if ended is not None else None,
        }
        return cls(**{**plain, **times})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What a warehouse used in the clock hour that begins at `start`."""

    warehouse_id: int
    warehouse_name: str
    start: datetime
    credits: float


def credit(segment: Segment, start: datetime, end: datetime) -> float:
    """What the segment used from `start` up to `end`: the whole minimum where it began, then each second."""
    upto = min(segment.ended, end) if segment.ended is not None else end
    seconds = (upto - max(segment.by_second_from, start)).total_seconds()
    billed = max(seconds, 0.0)
    if start <= segment.started < end:
        billed += segment.minimum
    return segment.rate * billed / SECONDS_OF_AN_HOUR


def credits(segments: Iterable[Segment], start: datetime, end: datetime) -> float:  # noqa: A001 (Snowflake's word)
    """What the segments used from `start` up to `end`; what windows that follow each other use adds up."""
    return sum(credit(segment, start, end) for segment in segments)


def by_hour(segments: Iterable[Segment], start: datetime, end: datetime) -> Iterator[Hour]:
    """What each warehouse used in each clock hour (UTC) that touches the window, where it ran; by hour, then id."""
    found: dict[tuple[datetime, int], float] = {}
    names: dict[int, str] = {}
    for segment in segments:
        names[segment.warehouse_id] = segment.name
        last = min(segment.ended, end) if segment.ended is not None else end
        hour = floor_hour(max(segment.started, start))
        while hour < end and (hour < last or hour <= segment.started):
            used = credit(segment, hour, min(hour + HOUR, end))
            key = (hour, segment.warehouse_id)
            found[key] = found.get(key, 0.0) + used
            hour += HOUR
    for hour, warehouse in sorted(found):
        yield Hour(warehouse_id=warehouse, warehouse_name=names[warehouse], start=hour, credits=found[hour, warehouse])


def floor_hour(moment: datetime) -> datetime:
    """The beginning of the clock hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def reaches(segments: Iterable[Segment], now: datetime, missing: float) -> datetime | None:
    """When segments that run on will have used `missing` credits more, from `now`; None where they never will."""
    running = [one for one in segments if one.ended is None and one.rate > 0]
    if missing <= 0:
        return now
    at, rate = now, 0.0
    for begins, adds in sorted((max(one.by_second_from, now), one.rate) for one in running):
        until = (begins - at).total_seconds() * rate / SECONDS_OF_AN_HOUR
        if until >= missing:
            break
        missing -= until
        at, rate = begins, rate + adds
    if rate <= 0:
        return None
    return at + timedelta(seconds=missing * SECONDS_OF_AN_HOUR / rate)
