"""The account's clock: real, or driven from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the account's time: an anchor plus what passed since, times a speed."""

    def __init__(self) -> None:
        self._anchor: datetime | None = None
        self._since = time.monotonic()
        self._speed = 1.0
        self._held = False
        self.kept: Callable[[str], None] = lambda _: None
        """Told of each setting, in words that `resume` understands: a driven clock survives a restart."""

    @property
    def speed(self) -> float:
        """How many seconds pass here in one of real time."""
        return self._speed

    @property
    def driven(self) -> bool:
        """Whether the time was set or changed from outside."""
        return self._anchor is not None

    def now(self) -> datetime:
        """The account's time, in UTC."""
        if self._anchor is None:
            return datetime.now(UTC)
        if self._held:
            return self._anchor
        return self._anchor + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def hold(self, moment: datetime) -> None:
        """The clock stands at that moment until it is set."""
        self._held = True
        self._anchor = moment

    def set(self, *, now: datetime | None = None, advance_seconds: float = 0, speed: float | None = None) -> datetime:
        """The clock stands at `now` (or where it stood), moved on by `advance_seconds`, and runs at `speed`.

        It never runs backwards on its own, but can be set back: that is what a clock does.
        """
        moment = now or self.now()
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        self._anchor = moment + timedelta(seconds=advance_seconds)
        self._since = time.monotonic()
        self._held = False
        if speed is not None:
            self._speed = speed
        self.kept(json.dumps([self._anchor.isoformat(), datetime.now(UTC).isoformat(), self._speed]))
        return self._anchor

    def resume(self, kept: str) -> None:
        """The clock goes on as it was set in an earlier process; the time between counts."""
        anchor, real, self._speed = json.loads(kept)
        between = (datetime.now(UTC) - datetime.fromisoformat(real)).total_seconds()
        self._anchor = datetime.fromisoformat(anchor) + timedelta(seconds=max(between, 0) * self._speed)
        self._since = time.monotonic()
