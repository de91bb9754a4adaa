"""Statements that run, wait or are queued: until when they may, and how they are cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from snowdome.errors import SqlError

if TYPE_CHECKING:
    from snowdome.state.session import Session

RUNNING, QUEUED, BLOCKED = "RUNNING", "QUEUED", "BLOCKED"
SETTLED_WITHIN = 10.0
PRESS_AGAIN = 0.05


@dataclass(slots=True, kw_only=True, eq=False)
class Running:
    """A statement in flight."""

    query_id: str
    session: Session
    text: str
    started: datetime
    state: str = RUNNING
    warehouse: int | None = None
    cluster: int | None = None
    delay: float = 0.0
    """Seconds on the account's clock that it still has to last, before it does its work."""
    deadline: datetime | None = None
    limit: int = 0
    """STATEMENT_TIMEOUT_IN_SECONDS, which made the deadline."""
    queued_until: datetime | None = None
    queue_limit: int = 0
    until: datetime | None = None
    """When the wait it is in ends by itself."""
    error: SqlError | None = None
    """Why it was cancelled."""
    woken: bool = False
    """Whether it was set going by the clock or by another statement, and has not come to rest since."""
    go: threading.Event = field(default_factory=threading.Event)


def cancelled() -> SqlError:
    """000604: someone stopped the statement (developer-guide/sql-api/handling-responses)."""
    return SqlError(604, "57014", "SQL execution canceled")


def timed_out(seconds: int) -> SqlError:
    """000630: the statement lasted longer than it may."""
    return SqlError(
        630, "57014", f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled."
    )


def queued_too_long(seconds: int) -> SqlError:
    """000630 too (assumed): the statement was queued for longer than it may."""
    return SqlError(
        630,
        "57014",
        f"Statement reached its statement or warehouse queued timeout of {seconds} second(s) and was canceled.",
    )


class RunningQueries:
    """Every statement in flight. None waits on anything but its own event, so that each can be woken and cancelled."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: dict[str, Running] = {}
        self._doomed: set[str] = set()
        """Statements that were cancelled before they began."""
        self.sooner: Callable[[datetime], None] = lambda _: None
        """Told of moments that statements wait for; the timekeeper listens."""

    # -- coming and going -----------------------------------------------------------------------------------------
    def begin(self, running: Running) -> None:
        """The statement is in flight, and is its session's; one that was cancelled already ends at its first check."""
        running.session.running.append(running)
        with self._changed:
            self._all[running.query_id] = running
            if running.query_id in self._doomed:
                self._doomed.remove(running.query_id)
                running.error = cancelled()
        if running.deadline is not None:
            self.sooner(running.deadline)

    def end(self, running: Running) -> None:
        """The statement is over."""
        running.session.running.remove(running)
        self._all.pop(running.query_id, None)
        if running.woken:
            self._rest(running)

    def all(self) -> list[Running]:
        """The statements in flight, in the order of their coming."""
        return list(self._all.values())

    def get(self, query_id: str) -> Running | None:
        """The statement of that id, if it is in flight."""
        return self._all.get(query_id)

    # -- waiting --------------------------------------------------------------------------------------------------
    def ready(self, running: Running, state: str = RUNNING, until: datetime | None = None) -> None:
        """From now on the statement can be woken; call it before anyone can know that it is going to wait."""
        running.go.clear()
        running.state, running.until = state, until

    def wait(self, running: Running) -> None:
        """The moment has come, or someone woke the statement; where it was cancelled, why is raised."""
        if not running.go.is_set():
            self._rest(running)
        moment = min((m for m in (running.until, running.queued_until) if m is not None), default=None)
        if moment is not None:
            self.sooner(moment)
        if running.error is None:
            running.go.wait()
        running.until, running.queued_until, running.state = None, None, RUNNING
        self.check(running)

    def pause(self, running: Running, until: datetime) -> None:
        """The moment has come."""
        self.ready(running, until=until)
        self.wait(running)

    def check(self, running: Running) -> None:
        """The statement was not cancelled, or why is raised."""
        if running.error is not None:
            raise running.error

    def wake(self, running: Running) -> None:
        """The statement's wait is over."""
        running.woken = True
        running.go.set()

    def cancel(self, running: Running, error: SqlError | None = None) -> None:
        """The statement ends as soon as it can, with that error."""
        if running.error is None:
            running.error = error or cancelled()
        self.wake(running)
        running.session.duck.interrupt()
        threading.Thread(target=self._insist, args=(running,), daemon=True).start()

    def cancel_coming(self, query_id: str) -> None:
        """The statement of that id, which was taken and has not begun, is cancelled as it begins; if it has, now."""
        with self._changed:
            running = self._all.get(query_id)
            if running is None:
                self._doomed.add(query_id)
        if running is not None:
            self.cancel(running)

    def _insist(self, running: Running) -> None:
        """An interrupt that came before DuckDB began is lost: it is repeated until the statement is over."""
        while running.query_id in self._all:
            time.sleep(PRESS_AGAIN)
            self.press([running])

    def cancel_session(self, session: Session) -> None:
        """What the session runs is cancelled."""
        for running in list(session.running):
            self.cancel(running)

    # -- time -----------------------------------------------------------------------------------------------------
    def next(self) -> datetime | None:
        """The first moment at which a statement is to be woken or cancelled."""
        moments: list[datetime] = []
        for running in self.all():
            if running.error is None:
                moments += [m for m in (running.until, running.deadline, running.queued_until) if m is not None]
        return min(moments, default=None)

    def pass_time(self, now: datetime) -> None:
        """Waits that end by now are over; statements that may not last longer are cancelled."""
        for running in self.all():
            if running.error is not None:
                continue
            if running.deadline is not None and running.deadline <= now:
                self.cancel(running, timed_out(running.limit))
            elif running.queued_until is not None and running.queued_until <= now:
                self.cancel(running, queued_too_long(running.queue_limit))
            elif running.until is not None and running.until <= now:
                running.until = None
                self.wake(running)

    def moving(self) -> bool:
        """Whether a statement was woken or cancelled, and has not come to rest since."""
        return any(running.woken for running in self.all())

    def settle(self, only: Iterable[Running] | None = None, within: float = SETTLED_WITHIN) -> None:
        """Statements that were woken or cancelled have ended or wait again (a lost interrupt is repeated)."""
        wanted = None if only is None else list(only)
        until = time.monotonic() + within
        while time.monotonic() < until:
            with self._changed:
                moving = [r for r in (self.all() if wanted is None else wanted) if r.woken and r.query_id in self._all]
                if not moving:
                    return
                self._changed.wait(PRESS_AGAIN)
            self.press(moving)

    def press(self, these: Iterable[Running] | None = None) -> bool:
        """Cancelled statements that have not ended are interrupted again; whether there were any."""
        wanted = self.all() if these is None else these
        stubborn = [r for r in wanted if r.error is not None and r.query_id in self._all]
        for running in stubborn:
            running.go.set()
            running.session.duck.interrupt()
        return bool(stubborn)

    def _rest(self, running: Running) -> None:
        with self._changed:
            running.woken = False
            self._changed.notify_all()


def after(moment: datetime, seconds: float) -> datetime:
    """The moment that many seconds later, or the end of time."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)
