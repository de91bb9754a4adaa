"""What a clean-up policy would have done to days that are past: noticed, removed, rightly or not, and saved."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.domain.cleanup.cleanup_plan import Action, CleanupCandidate, Finding, sweep
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, State, from_events
from sluice.domain.journal.events import Event
from sluice.domain.specs.environment import EnvironmentSpec

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the days that are replayed."""

    events: Sequence[Event]
    """The journal's, from the beginning."""
    used: Mapping[str, Sequence[datetime]]
    """Of each database, the moments of its use, in order."""
    seen: datetime | None
    """Up to when use is known at all."""
    credits: Mapping[str, Sequence[tuple[datetime, float]]]
    """Of each warehouse, credits by the hour that they were used in."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have become of one environment."""

    name: str
    owner: str
    noticed: datetime | None
    removed: datetime | None
    """When it would have been set aside: from then on nobody could have used it."""
    reason: str
    used_after: datetime | None
    """The first use after that: the policy would have been wrong."""
    saved_credits: float
    """What its warehouse used after that, in the days that were replayed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the policy would have done altogether."""

    start: datetime
    end: datetime
    environments: tuple[Replayed, ...]
    """Those that it would have touched."""
    stopped: tuple[tuple[datetime, str], ...]
    """The nights on which its bounds would have stopped it."""

    @property
    def wrong(self) -> tuple[Replayed, ...]:
        """Return those that were used after the policy would have removed them."""
        return tuple(one for one in self.environments if one.used_after is not None)

    @property
    def saved_credits(self) -> float:
        """Return what would have been saved by the removals that nobody would have missed."""
        return sum(one.saved_credits for one in self.environments if one.used_after is None)


@dataclass(slots=True)
class _Course:
    """One environment on its way through the replay."""

    spec: EnvironmentSpec
    owner: str
    state: State = State.READY
    until: datetime | None = None
    noticed: datetime | None = None
    removed: datetime | None = None
    reason: str = ""

    def take(self, one: Finding, night: datetime) -> None:
        """Go the step that the policy finds."""
        match one.action:
            case Action.NOTICE:
                self.state, self.until, self.noticed, self.reason = State.NOTICED, one.until, night, one.reason
            case Action.QUARANTINE:
                self.state, self.until, self.removed, self.reason = State.QUARANTINED, one.until, night, one.reason
            case Action.DROP:
                self.state = State.DROPPED
            case Action.WITHDRAW:
                self.state, self.until, self.noticed = State.READY, None, None


def replay(past: Past, policy: CleanupPolicy, start: datetime, end: datetime) -> Outcome:
    """Return what one sweep a night from `start` to `end` would have done.

    Each night sees the journal and the use as they were then. An owner's extension or pin counts when it came; that an
    owner would have answered a notice that was never sent, nobody can know: removals are counted as if none had.
    """
    courses: dict[str, _Course] = {}
    stopped: list[tuple[datetime, str]] = []
    night = start
    while night <= end:
        lives = [
            life for life in from_events(event for event in past.events if event.at <= night).values() if life.there
        ]
        for life in lives:
            courses.setdefault(life.name, _Course(life.spec, life.owner))
        plan = sweep([_subject(life, courses[life.name], past, night) for life in lives], policy, night)
        if plan.stopped:
            stopped.append((night, plan.stopped))
        for one in plan.findings:
            if plan.stopped is None or one not in plan.removals:
                courses[one.name].take(one, night)
        night += DAY
    touched = tuple(_replayed(name, one, past, end) for name, one in courses.items() if one.noticed or one.removed)
    return Outcome(start, end, touched, tuple(stopped))


def _subject(life: EphemeralEnvironment, course: _Course, past: Past, night: datetime) -> CleanupCandidate:
    """The environment as that night's sweep would have seen it; a quarantine of real life is not the policy's."""
    database = life.spec.database.name.name
    moments = past.used.get(database, ())
    before = bisect_right(moments, night)
    return CleanupCandidate(
        name=life.name,
        database=database,
        kind=life.spec.kind,
        owner=life.owner,
        created=life.created,
        expires=life.expires,
        state=course.state,
        until=course.until,
        pinned=life.pinned,
        journalled=True,
        marked=True,
        locked_by=None,
        last_used=moments[before - 1] if before else None,
        usage_seen=None if past.seen is None else min(past.seen, night),
    )


def _replayed(name: str, course: _Course, past: Past, end: datetime) -> Replayed:
    used_after, saved = None, 0.0
    if (removed := course.removed) is not None:
        moments = past.used.get(course.spec.database.name.name, ())
        used_after = next((one for one in moments if removed < one <= end), None)
        hours = past.credits.get(course.spec.warehouse.name.name, ())
        saved = sum(used for hour, used in hours if removed < hour <= end)
    return Replayed(name, course.owner, course.noticed, course.removed, course.reason, used_after, saved)
