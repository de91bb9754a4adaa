"""One session with the account for everything that a task asks of it, and what was read in it: read once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime
from time import monotonic
from typing import TypeVar, cast

from sluice.domain.access.temporary_access import TemporaryGrantEvent
from sluice.domain.budgets import budget_state
from sluice.domain.budgets.budget_state import BudgetEvent, BudgetState
from sluice.domain.ephemeral import ephemeral_state
from sluice.domain.ephemeral.ephemeral_state import EPHEMERAL_EVENTS, EphemeralEnvironment, Lives
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.journal.events import Event
from sluice.domain.names import Marker
from sluice.domain.schedules import schedule_state
from sluice.domain.schedules.schedule_state import ScheduleEvent, ScheduleState
from sluice.errors import StopError
from sluice.snowflake import control_database, control_sql, journal, observe, statements
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError

log = logging.getLogger(__name__)

STATE_EVENTS: tuple[str, ...] = (*EPHEMERAL_EVENTS, *BudgetEvent, *ScheduleEvent, *TemporaryGrantEvent)
"""The kinds of events that the state of every environment is built from: few for each, however long the journal."""
_CURRENT = 60
"""Seconds for which what was read counts; a task that builds for an hour in between reads it again."""
_IDLE = 1800
"""Seconds after which an unused session is opened anew: Snowflake ends idle ones after some hours."""

_T = TypeVar("_T")


class Account:
    """The administrator's session of one task, opened when it is first needed, and a snapshot of what it has read.

    The snapshot counts until this session leaves an event in the journal, which it does before and after each of its
    changes, and for a minute at most. Whoever decides under an environment's lock reads that environment again then:
    `forget()`, or a look-up of its own.
    """

    def __init__(self, log_in: Callable[[], AbstractContextManager[Session]]) -> None:
        self._log_in = log_in
        self._open = ExitStack()
        self._session: Session | None = None
        self._computing = False
        self._used = 0.0
        self._seen: dict[object, object] = {}
        self._seen_at: tuple[int, float] = (0, 0.0)

    @property
    def session(self) -> Session:
        """The session, with a warehouse or without one: for SHOW and the account's time."""
        if self._session is None or monotonic() - self._used > _IDLE:
            self.forget()
            self._computing = False
            self._session = self._open.enter_context(self._log_in())  # a former one is left to who still has it
        self._used = monotonic()
        return self._session

    def close(self) -> None:
        """Log out."""
        self._open.close()

    def computing(self, *, first: bool = False) -> Session:
        """Return the session on the control database's own small warehouse, so that it can read the journal.

        No environment's budget stops that one, and looking costs nobody else's money. It is made where it is missing;
        in an account without a control database only by who makes the `first` environment: looking leaves nothing.

        Raises:
            MissingError: nothing was provisioned in this account yet.
            RefusedError: a newer version of sluice has made the control schema.
        """
        session = self.session
        if self._computing:
            return session
        warehouse = control_warehouse(session.control)
        try:
            session.run(statements.use_warehouse(warehouse))
        except MissingError:
            if not first and session.control.name not in observe.markers(session):
                raise MissingError(
                    "nothing was provisioned in this account yet",
                    where=f"database {session.control}",
                    good="provision_environment",
                    untouched="everything",
                ) from None
            session.run(control_sql.create_warehouse(warehouse, Marker("control").comment))
            session.run(statements.use_warehouse(warehouse))
        with suppress(MissingError):  # who makes the first environment makes the schema too
            control_database.version(session)
        self._computing = True
        return session

    def now(self) -> datetime:
        """Return the account's own time: lifetimes, notices and budgets end by it, wherever a worker's clock is."""
        return observe.now(self.session)

    def seen(self, look: Callable[[Session], _T]) -> _T:
        """Return what a look-up answers, asked once for each snapshot; `look` is a function by name, not a closure."""
        session = self.session
        if self._seen_at[0] != session.events_left or monotonic() - self._seen_at[1] > _CURRENT:
            self.forget()
        if not self._seen:
            self._seen_at = (session.events_left, monotonic())
        if look not in self._seen:
            self._seen[look] = look(session)
        return cast("_T", self._seen[look])

    def forget(self) -> None:
        """Have the next look read the account anew."""
        self._seen.clear()

    def events(self, kinds: Iterable[str]) -> list[Event]:
        """Return the events of these kinds, which are some of STATE_EVENTS, of every environment, oldest first.

        Raises:
            MissingError: nothing was provisioned in this account yet.
        """
        self.computing()
        wanted = {str(kind) for kind in kinds}
        return [event for event in self.seen(_state_events) if event.kind in wanted]

    def ephemeral(self) -> dict[str, EphemeralEnvironment]:
        """Return the ephemeral environments, as the journal tells them; none where there is no journal yet."""
        return self._lives().environments

    def unreadable(self) -> dict[str, StopError]:
        """Return why an ephemeral environment is not among the others: a version of sluice wrote it that is not ours.

        Nothing is done about it; the others are looked after as ever.
        """
        return self._lives().unreadable

    def refuse_unreadable(self, environment: str) -> None:
        """Refuse an ephemeral environment whose journal cannot be read.

        Raises:
            StopError: it is one.
        """
        if environment in (unreadable := self.unreadable()):
            raise unreadable[environment]

    def _lives(self) -> Lives:
        try:
            lives = ephemeral_state.lives_of(self.events(EPHEMERAL_EVENTS))
        except MissingError:
            return Lives({}, {}, {})
        for name, error in lives.unreadable.items():
            log.warning("%s is left out: %s", name, error.message)
        for name, keys in lives.passed_over.items():
            log.info("in the spec of %s this sluice does not know %s", name, ", ".join(keys))
        return lives

    def budgets(self) -> dict[str, BudgetState]:
        """Return the state of every budget that has one."""
        return budget_state.from_events(self.events(BudgetEvent))

    def schedules(self) -> dict[str, ScheduleState]:
        """Return what the clock has done to every environment."""
        return schedule_state.from_events(self.events(ScheduleEvent))


def _state_events(session: Session) -> list[Event]:
    return journal.read(session, kinds=STATE_EVENTS)
