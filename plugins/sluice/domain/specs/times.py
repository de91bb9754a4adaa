"""Schedules and time zones as a file names them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator

_PRESETS = ("@once", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@continuous")
"""Schedules that Airflow knows by name."""
_ANYHOW = re.compile(r"(?<![A-Za-z])[HhRr](?![A-Za-z])")
"""Letters that croniter replaces by a random or a hashed time."""
_NOT_ZONES = ("", "Factory", "localtime", "posix", "posixrules", "right")
"""Files beside the time zones: the machine's own, or of other clocks."""


def _zone(value: object) -> str:
    text = str(value)
    if not _is_zone(text):
        near = get_close_matches(text, sorted(available_timezones()), 1)
        raise ValueError(f"no such time zone; say {near[0] if near else 'Europe/Berlin'}")
    return text


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return text.partition("/")[0] not in _NOT_ZONES


def _schedule(value: object) -> str:
    from croniter import CroniterError, croniter

    good = f'"0 6 * * *", or one of {", ".join(_PRESETS)}'
    if not isinstance(value, str):
        raise ValueError(f"no schedule, which is a text; say {good}")  # noqa: TRY004 (pydantic takes this for a refusal)
    if value in _PRESETS:
        return value
    if _ANYHOW.search(value):
        raise ValueError(f"no schedule: R and H are another time whenever Airflow reads it; say {good}")
    try:
        croniter(value, datetime(2026, 1, 1, tzinfo=UTC)).get_next()
    except CroniterError as wrong:
        never = croniter.is_valid(value)
        raise ValueError(f"no schedule: {'that never comes' if never else wrong}; say {good}") from None
    return value


Zone = Annotated[str, BeforeValidator(_zone)]
Schedule = Annotated[str, BeforeValidator(_schedule)]
"""Cron, or a name of Airflow's."""
