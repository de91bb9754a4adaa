"""The account's clock: real, or driven from outside."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the account's time: an anchor plus what passed since, times a speed."""

    def __init__(self) -> None:
        self._anchor: datetime | None = None
        self._since = time.monotonic()
        self._speed = 1.0

    @property
    def driven(self) -> bool:
        """Whether the time was set or changed from outside."""
        return self._anchor is not None

    def now(self) -> datetime:
        """The account's time, in UTC."""
        if self._anchor is None:
            return datetime.now(UTC)
        return self._anchor + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def set(self, *, now: datetime | None = None, advance_seconds: float = 0, speed: float | None = None) -> datetime:
        """The clock stands at `now` (or where it stood), moved on by `advance_seconds`, and runs at `speed`.

        It never runs backwards on its own, but can be set back: that is what a clock does.
        """
        moment = now or self.now()
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        self._anchor = moment + timedelta(seconds=advance_seconds)
        self._since = time.monotonic()
        if speed is not None:
            self._speed = speed
        return self._anchor
