"""Back-test of a clean-up policy on past days: notices, removals, wrong ones, and savings."""

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
    """The history of the back-tested days."""

    events: Sequence[Event]
    """The journal's, from the beginning."""
    used: Mapping[str, Sequence[datetime]]
    """Of each database, the moments of its use, in order."""
    seen: datetime | None
    """Up to when use is known at all."""
    credits: Mapping[str, Sequence[tuple[datetime, float]]]
    """Of each warehouse, credits by the hour that they were used in."""


@dataclass(frozen=True, slots=True)
class BacktestedEnvironment:
    """What the policy would have done to one environment."""

    name: str
    owner: str
    noticed: datetime | None
    removed: datetime | None
    """When it would have been quarantined: from then on nobody could have used it."""
    reason: str
    used_after: datetime | None
    """The first use after that: the policy would have been wrong."""
    saved_credits: float
    """What its warehouse used after that, in the back-tested days."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the policy would have done altogether."""

    start: datetime
    end: datetime
    environments: tuple[BacktestedEnvironment, ...]
    """Those that it would have touched."""
    stopped: tuple[tuple[datetime, str], ...]
    """The nights on which its bounds would have stopped it."""

    @property
    def wrong(self) -> tuple[BacktestedEnvironment, ...]:
        """Return those that were used after the policy would have removed them."""
        return tuple(environment for environment in self.environments if environment.used_after is not None)

    @property
    def saved_credits(self) -> float:
        """Return the savings by removals of environments that were not used afterwards."""
        return sum(environment.saved_credits for environment in self.environments if environment.used_after is None)


@dataclass(slots=True)
class _SimulatedState:
    """One environment during the back-test."""

    spec: EnvironmentSpec
    owner: str
    state: State = State.READY
    until: datetime | None = None
    noticed: datetime | None = None
    removed: datetime | None = None
    reason: str = ""

    def take(self, finding: Finding, night: datetime) -> None:
        """Apply the policy's finding."""
        match finding.action:
            case Action.NOTICE:
                self.state, self.until, self.noticed, self.reason = State.NOTICED, finding.until, night, finding.reason
            case Action.QUARANTINE:
                self.state, self.until, self.removed, self.reason = (
                    State.QUARANTINED,
                    finding.until,
                    night,
                    finding.reason,
                )
            case Action.DROP:
                self.state = State.DROPPED
            case Action.WITHDRAW:
                self.state, self.until, self.noticed = State.READY, None, None


def backtest(past: Past, policy: CleanupPolicy, start: datetime, end: datetime) -> Outcome:
    """Return what one sweep a night from `start` to `end` would have done.

    Each night sees the journal and the use as they were then. An owner's extension or pin counts when it came; that an
    owner would have answered a notice that was never sent, nobody can know: removals are counted as if none had.
    """
    states: dict[str, _SimulatedState] = {}
    stopped: list[tuple[datetime, str]] = []
    night = start
    while night <= end:
        environments = [
            environment
            for environment in from_events(event for event in past.events if event.at <= night).values()
            if environment.exists
        ]
        for environment in environments:
            states.setdefault(environment.name, _SimulatedState(environment.spec, environment.owner))
        plan = sweep(
            [_candidate(environment, states[environment.name], past, night) for environment in environments],
            policy,
            night,
        )
        if plan.stopped:
            stopped.append((night, plan.stopped))
        for one in plan.findings:
            if plan.stopped is None or one not in plan.removals:
                states[one.name].take(one, night)
        night += DAY
    touched = tuple(_result(name, one, past, end) for name, one in states.items() if one.noticed or one.removed)
    return Outcome(start, end, touched, tuple(stopped))


def _candidate(
    environment: EphemeralEnvironment, state: _SimulatedState, past: Past, night: datetime
) -> CleanupCandidate:
    """The environment as that night's sweep would have seen it; an actual quarantine does not count."""
    database = environment.spec.database.name.name
    moments = past.used.get(database, ())
    before = bisect_right(moments, night)
    return CleanupCandidate(
        name=environment.name,
        database=database,
        kind=environment.spec.kind,
        owner=environment.owner,
        created=environment.created,
        expires=environment.expires,
        state=state.state,
        until=state.until,
        pinned=environment.pinned,
        journalled=True,
        marked=True,
        locked_by=None,
        last_used=moments[before - 1] if before else None,
        usage_seen=None if past.seen is None else min(past.seen, night),
    )


def _result(name: str, state: _SimulatedState, past: Past, end: datetime) -> BacktestedEnvironment:
    used_after, saved_credits = None, 0.0
    if (removed := state.removed) is not None:
        moments = past.used.get(state.spec.database.name.name, ())
        used_after = next((moment for moment in moments if removed < moment <= end), None)
        hours = past.credits.get(state.spec.warehouse.name.name, ())
        saved_credits = sum(used for hour, used in hours if removed < hour <= end)
    return BacktestedEnvironment(
        name, state.owner, state.noticed, state.removed, state.reason, used_after, saved_credits
    )
