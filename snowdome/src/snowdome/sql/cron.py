"""Cron expressions of schedules: minute, hour, day of month, month, day of week (sql/create-task)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from snowdome.errors import invalid

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name.upper(): (number + 1) % 7 for number, name in enumerate(calendar.day_abbr)}
LAST = "L"
LONGEST = timedelta(days=4 * 366)


def split(schedule: str) -> tuple[str, str] | None:
    """Expression and zone of `USING CRON expr zone`; None for an interval."""
    words = schedule.split()
    return (" ".join(words[2:-1]), words[-1]) if words[0].upper() == "USING" else None


def check(schedule: str) -> None:
    """The schedule is an interval or comes true at some time, in a zone that there is; or 001008."""
    found = split(schedule)
    if found is None:
        return
    try:
        following(found[0], datetime.now(UTC), ZoneInfo(found[1]))
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"invalid value [{schedule}] for parameter 'SCHEDULE'") from None


def following(expression: str, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after that one that the expression means in that zone, in UTC."""
    minute, hour, day, month, weekday = expression.upper().split()
    minutes, hours = _field(minute, 0, 59, {}), _field(hour, 0, 23, {})
    months = _field(month, 1, 12, MONTHS)
    local = after.astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    until = local + LONGEST
    while local < until:
        if local.month not in months or not _on_day(local, day, weekday):
            local = (local + timedelta(days=1)).replace(hour=0, minute=0)
        elif local.hour not in hours:
            local = (local + timedelta(hours=1)).replace(minute=0)
        elif local.minute not in minutes:
            local += timedelta(minutes=1)
        elif (found := local.astimezone(UTC)) > after:
            return found
        else:
            local += timedelta(minutes=1)
    raise invalid(f"cron expression never comes true: {expression}", 1008, "22023")


def _on_day(moment: datetime, day: str, weekday: str) -> bool:
    """Whether day of month and day of week allow it: either is enough where both are given."""
    last = calendar.monthrange(moment.year, moment.month)[1]
    of_month = moment.day == last if day == LAST else moment.day in _field(day, 1, 31, {})
    of_week = _weekday(moment, weekday, last)
    if day != "*" and weekday != "*":
        return of_month or of_week
    return of_month and of_week


def _weekday(moment: datetime, text: str, last: int) -> bool:
    today = moment.isoweekday() % 7
    if text.endswith(LAST) and len(text) > 1:
        return today in _field(text[:-1], 0, 7, DAYS) and moment.day > last - 7
    return today in {n % 7 for n in _field(text, 0, 7, DAYS)}


def _field(text: str, least: int, most: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, end = span.partition("-")
        low = least if first == "*" else _number(first, names)
        high = most if first == "*" or (step and not end) else _number(end, names) if end else low
        if not least <= low <= high <= most:
            raise invalid(f"invalid cron field '{text}'", 1008, "22023")
        found.update(range(low, high + 1, int(step) if step else 1))
    return found


def _number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isdecimal():
        raise invalid(f"invalid cron field '{text}'", 1008, "22023")
    return int(text)
