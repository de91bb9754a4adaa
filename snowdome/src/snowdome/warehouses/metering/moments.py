"""Points in time as they are written for resource monitors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from snowdome.sql.grammar.cursor import invalid_value

ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4,
}  # fmt: skip
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T]+(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?\s*([A-Z]{1,3}|[+-]\d{2}:?\d{2})?"
)


def read(text: str, name: str, now: datetime) -> datetime:
    """The moment that is written: a date alone means the present time of day, no zone means UTC.

    sql/create-resource-monitor, START_TIMESTAMP; zones by letters stand in user-guide/resource-monitors' example.
    """
    found = _FORM.fullmatch(text.strip())
    try:
        if found is None:
            raise invalid_value(text, name)
        day, time, zone = found.groups()
        moment = datetime.fromisoformat(f"{day} {time}" if time else day)
        if time is None:
            moment = datetime.combine(moment.date(), now.astimezone(UTC).time())
        return moment.replace(tzinfo=_zone(zone)).astimezone(UTC)
    except (ValueError, KeyError):
        raise invalid_value(text, name) from None


def _zone(text: str | None) -> timezone:
    if text is None:
        return UTC
    if text[0] not in "+-":
        return timezone(timedelta(hours=ZONES[text]))
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
