"""Opening hours of an environment and cluster schedules of its warehouse, in local time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from sluice.domain.specs.blocks import Block
from sluice.domain.specs.times import Zone
from sluice.errors import SpecError

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(rf"({_DATE.pattern}T)?({_TIME.pattern})")
"""A moment in the environment's local time: `21:00`, or `2026-11-28T21:00`."""
_AHEAD = 370
"""Days within which an environment opens again, or it is closed until further notice."""


class Day(StrEnum):
    """A day of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Day)
WORKING = WEEK[:5]


def _time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('no time of the day; say "08:00", at most "24:00"')
    return value


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value)
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError("no date; say 2026-12-24") from None


Time = Annotated[str, BeforeValidator(_time)]
Date = Annotated[date, BeforeValidator(_date)]


class Span(Block):
    """From a time of the day until a later one, on some days of the week."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = WEEK
    start: Time
    end: Time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError(
                f'end {self.end} is not after start {self.start}: say end: "24:00", and what is after midnight as the '
                "next day's"
            )
        if len(set(self.days)) < len(self.days):
            raise ValueError(f"a day is named twice in days: say days: [{', '.join(dict.fromkeys(self.days))}]")
        return self

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the moments at which it begins and ends on a day, whatever the clocks are changed to that day."""
        return moment(day, self.start, zone), moment(day, self.end, zone)


class ExceptionsBlock(Block):
    """Exceptions: month-ends, holidays."""

    open: tuple[Date, ...] = ()
    closed: tuple[Date, ...] = ()

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if both := set(self.open) & set(self.closed):
            raise ValueError(f"{min(both)} is both open and closed: say it once")
        return self


class HoursBlock(Span):
    """When an environment is open; at other times its warehouse is suspended and nothing starts it."""

    zone: Zone
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = WORKING
    idle_seconds: Annotated[int, Field(ge=1, le=604_800)] = 60
    """AUTO_SUSPEND of its warehouse."""
    low_activity_seconds: Annotated[int, Field(ge=60, le=604_800)] = 300
    """A warehouse that runs though no statement has used it for so long is suspended, whatever AUTO_SUSPEND it has."""
    exceptions: ExceptionsBlock = ExceptionsBlock()

    @model_validator(mode="after")
    def _idle_first(self) -> Self:
        if self.low_activity_seconds < self.idle_seconds:
            raise ValueError(
                f"low_activity_seconds {self.low_activity_seconds} is less than idle_seconds {self.idle_seconds}: "
                f"say low_activity_seconds: {self.idle_seconds}"
            )
        return self

    def open_at(self, now: datetime) -> bool:
        """Return whether it is open."""
        return any(begins <= now < ends for begins, ends in self._openings(now, 1))

    def opens_after(self, now: datetime) -> datetime | None:
        """Return when it opens next; None: not within a year."""
        return next((begins for begins, _ in self._openings(now, _AHEAD) if begins > now), None)

    def _openings(self, now: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        for number in range(days):
            day = today + timedelta(days=number)
            working = WEEK[day.weekday()] in self.days and day not in self.exceptions.closed
            if working or day in self.exceptions.open:
                begins, ends = self.on(day, zone)
                if begins < ends:  # a day or an hour that the clocks skip is never open
                    yield begins, ends


class ClustersBlock(Block):
    """The cluster counts and scaling policy of a warehouse."""

    min_cluster_count: Annotated[int, Field(ge=1, le=300)]
    max_cluster_count: Annotated[int, Field(ge=1, le=300)]
    scaling_policy: Literal["STANDARD", "ECONOMY"]

    @model_validator(mode="after")
    def _minimum_below_maximum(self) -> Self:
        if self.min_cluster_count > self.max_cluster_count:
            raise ValueError(
                f"min_cluster_count {self.min_cluster_count} exceeds max_cluster_count {self.max_cluster_count}: "
                f"say max_cluster_count: {self.min_cluster_count}"
            )
        return self

    @property
    def settings(self) -> dict[str, str | int]:
        """The warehouse's settings that it decides."""
        return {
            "min_cluster_count": self.min_cluster_count,
            "max_cluster_count": self.max_cluster_count,
            "scaling_policy": self.scaling_policy,
        }


class Window(Span, ClustersBlock):
    """Some hours of some days, and the clusters then."""


class WarehouseScheduleBlock(Block):
    """The clusters of a warehouse by the time of the day."""

    zone: Zone
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    otherwise: ClustersBlock

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        for day in WEEK:
            spans = sorted((window.start, window.end) for window in self.windows if day in window.days)
            for (_, ends), (begins, _) in pairwise(spans):
                if begins < ends:
                    raise ValueError(f'two windows overlap on {day}: say start: "{ends}" for the later one')
        return self

    def at(self, now: datetime) -> ClustersBlock:
        """Return the clusters at a moment."""
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        for window in self.windows:
            begins, ends = window.on(day, zone)
            if WEEK[day.weekday()] in window.days and begins <= now < ends:
                return window
        return self.otherwise


def moment(day: date, time: str, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the local clock shows that time of that day, or a later one.

    An hour that is repeated counts when it comes first; a time that is skipped is the moment of the skip.
    """
    hours, minutes = (int(part) for part in time.split(":"))
    wall = datetime(day.year, day.month, day.day) + timedelta(hours=hours, minutes=minutes)  # noqa: DTZ001 (a wall's)
    after, before = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if after >= before:
        return before
    while after < before:  # skipped: the clock jumps somewhere between the two
        middle = (after + (before - after) / 2).replace(second=0, microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            before = middle
        else:
            after = middle + timedelta(minutes=1)
    return before


def until(text: str, zone: str, now: datetime) -> datetime:
    """Return the next moment of a local time: `21:00`, or `2026-11-28T21:00`.

    Raises:
        SpecError: it is neither, or it is over.
    """
    local_zone = ZoneInfo(zone)
    day, _, time = text.strip().rpartition("T")
    try:
        day_named = _date(day) if day else now.astimezone(local_zone).date()
        ends = moment(day_named, _time(time), local_zone)
    except ValueError:
        raise _refuse("no moment", text) from None
    if not day and ends <= now:
        ends = moment(day_named + timedelta(days=1), time, local_zone)
    if ends <= now:
        raise _refuse(f"that is over: it is {now.astimezone(local_zone):%Y-%m-%dT%H:%M} there", text)
    return ends


def _refuse(message: str, text: str) -> SpecError:
    return SpecError(message, where="until", value=text, good="21:00, or 2026-11-28T21:00", untouched="everything")
