"""The interval over which a resource monitor counts: it begins anew at 00:00 UTC (user-guide/resource-monitors)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

NEVER = "NEVER"
DAYS = {"DAILY": 1, "WEEKLY": 7}


def midnight(moment: datetime) -> datetime:
    """00:00 UTC of that day."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def begins(frequency: str, start: datetime, now: datetime, *, scheduled: bool) -> datetime:
    """When the interval that `now` is in began, of a monitor that counts from `start`.

    A monitor whose schedule was set resets relative to its start; any other on the first of each month.
    """
    if frequency == NEVER or now < start:
        return start
    first = start if scheduled else start.replace(day=1)
    return max(start, _latest(frequency, midnight(first), now))


def ends(frequency: str, start: datetime, now: datetime, *, scheduled: bool) -> datetime | None:
    """When the interval that `now` is in is over; None where it never is."""
    if frequency == NEVER:
        return None
    first = midnight(start if scheduled else start.replace(day=1))
    if now < first:
        return _after(frequency, first, first)
    return _after(frequency, first, _latest(frequency, first, now))


def _latest(frequency: str, first: datetime, now: datetime) -> datetime:
    """The last reset at or before `now`."""
    if frequency in DAYS:
        step = timedelta(days=DAYS[frequency])
        return first + (now - first) // step * step
    months = _months(frequency)
    passed = ((now.year - first.year) * 12 + now.month - first.month) // months * months
    found = _shifted(first, passed)
    return found if found <= now else _shifted(first, passed - months)


def _after(frequency: str, first: datetime, reset: datetime) -> datetime:
    """The reset that follows."""
    if frequency in DAYS:
        return reset + timedelta(days=DAYS[frequency])
    passed = (reset.year - first.year) * 12 + reset.month - first.month
    return _shifted(first, passed + _months(frequency))


def _months(frequency: str) -> int:
    return 12 if frequency == "YEARLY" else 1


def _shifted(first: datetime, months: int) -> datetime:
    """The same day `months` later; a first that is its month's last day stays the last day of each month."""
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    longest = calendar.monthrange(year, month)[1]
    last = first.day == calendar.monthrange(first.year, first.month)[1]
    return first.replace(year=year, month=month, day=longest if last else min(first.day, longest))
