"""Runs what is due by the account's clock, at its moment and in order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from snowdome.state.running_queries import after

if TYPE_CHECKING:
    from snowdome.state.clock import Clock
    from snowdome.state.running_queries import RunningQueries
    from snowdome.state.timers import Timers

log = logging.getLogger("snowdome")
LONGEST_SLEEP = 5.0
STUBBORN_SLEEP = 0.1


class Timekeeper:
    """Moves the account through time.

    While time runs by itself, a thread does what falls due. When it is driven, each moment at which something is due is
    passed through: the clock stands there until that has happened and the statements it set going have ended or wait
    again.
    """

    def __init__(self, clock: Clock, timers: Timers, running_queries: RunningQueries) -> None:
        self._clock, self._timers, self._running_queries = clock, timers, running_queries
        self._turn = threading.RLock()
        self.together: Callable[[], AbstractContextManager[object]] = nullcontext
        """What is done at one go: the account makes one change of its file of it."""
        self._wake = threading.Event()
        self._planned: datetime | None = None
        self._stopped = False
        self._sleepers: set[threading.Event] = set()
        timers.sooner = running_queries.sooner = self._sooner
        self._thread = threading.Thread(target=self._run, name="snowdome-time", daemon=True)

    def start(self) -> None:
        """What falls due happens from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing happens by itself any more."""
        self._stopped = True
        self._wake.set()
        for sleeper in list(self._sleepers):
            sleeper.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(LONGEST_SLEEP)

    def move(self, *, now: datetime | None = None, advance_seconds: float = 0, speed: float | None = None) -> datetime:
        """The clock stands at `now` (or where it stood) plus `advance_seconds`; what was due by then has happened."""
        with self._turn:
            target = now or self._clock.now()
            if target.tzinfo is None:
                target = target.replace(tzinfo=UTC)
            target += timedelta(seconds=advance_seconds)
            self._pass_through(target)
            moment = self._clock.set(now=target, speed=speed)
        self._wake.set()
        return moment

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Nobody moves the clock inside, and nothing falls due."""
        with self._turn:
            yield

    def sleep(self, seconds: float) -> None:
        """That many seconds have passed on the account's clock; meant for what is no statement."""
        over = threading.Event()
        self._sleepers.add(over)
        self._timers.at(after(self._clock.now(), seconds), over, lambda _: over.set())
        if not self._stopped:
            over.wait()
        self._sleepers.discard(over)

    def catch_up(self) -> None:
        """What is due by now has happened, unless someone else is at it."""
        due = self._due()
        if due is None or due > self._clock.now() or not self._turn.acquire(blocking=False):
            return
        try:
            now = self._clock.now()
            while (moment := self._due()) is not None and moment <= now:
                self._happen(moment)
        finally:
            self._turn.release()

    def _pass_through(self, target: datetime) -> None:
        while (moment := self._due()) is not None and moment <= target:
            with self.together():
                while moment is not None and moment <= target and not self._running_queries.moving():
                    self._clock.hold(max(moment, self._clock.now()))
                    self._happen(moment)
                    moment = self._due()
            self._running_queries.settle()

    def _happen(self, moment: datetime) -> None:
        self._running_queries.pass_time(moment)
        while (entry := self._timers.take(moment)) is not None:
            due, action = entry
            action(due)

    def _due(self) -> datetime | None:
        moments = [m for m in (self._timers.next(), self._running_queries.next()) if m is not None]
        return min(moments, default=None)

    # -- the thread -----------------------------------------------------------------------------------------------
    def _sooner(self, moment: datetime) -> None:
        planned = self._planned
        if planned is not None and moment < planned:
            self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._stopped:
                return
            try:
                self.catch_up()
            except Exception:
                log.exception("what was due by now failed")
            stubborn = self._running_queries.press()
            self._wake.wait(STUBBORN_SLEEP if stubborn else self._sleep())

    def _sleep(self) -> float:
        """Seconds of real time until the next moment that is due, at most a few."""
        due, speed, now = self._due(), self._clock.speed, self._clock.now()
        longest = now + timedelta(seconds=LONGEST_SLEEP * speed)
        self._planned = min(due, longest) if due is not None else longest
        if due is None or speed == 0:
            return LONGEST_SLEEP
        return min(max((due - now).total_seconds() / speed, 0.001), LONGEST_SLEEP)
