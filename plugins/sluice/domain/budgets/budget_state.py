"""Guards: what the budget has done to each environment, folded from the journal: never stored, so never out of step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from sluice.domain.journal.events import Event


class BudgetEvent(StrEnum):
    """What happens to a budget. `…ING` is written before the first change, with what undoes it."""

    NOTIFIED = "budget.notified"
    RECOVERED = "budget.recovered"
    LIMITING = "budget.limiting"
    LIMITED = "budget.limited"
    SUSPENDING = "budget.suspending"
    SUSPENDED = "budget.suspended"
    RESTORING = "budget.restoring"
    RESTORED = "budget.restored"
    OVERRIDDEN = "budget.overridden"


class Restriction(StrEnum):
    """What the budget holds an environment to."""

    FREE = "free"
    LIMITED = "limited"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class BudgetOverride:
    """More dollars, for a while, with a reason."""

    usd: float
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetState:
    """One environment's budget as the journal tells it."""

    environment: str
    hold: Restriction = Restriction.FREE
    pending: Restriction | None = None
    """What was begun and not finished: the next check finishes it."""
    former: Mapping[str, str | int | bool] = field(default_factory=dict)
    """The warehouse's settings before the budget changed any."""
    since: datetime | None = None
    reason: str = ""
    by_hand: bool = False
    """A person did it, and a person undoes it."""
    again: datetime | None = None
    """When it was last stopped once more, because somebody had started it."""
    told: Mapping[str, datetime] = field(default_factory=dict)
    """When each level, and what else there was to say, was last told."""
    rungs: Mapping[str, int] = field(default_factory=dict)
    """How far up what is told and not over has gone: the place of the last channel that was told."""
    override: BudgetOverride | None = None

    def more(self, now: datetime) -> float:
        """Return the dollars that an override gives now."""
        return self.override.usd if self.override is not None and now < self.override.until else 0.0

    @property
    def holds(self) -> frozenset[str]:
        """The settings that are the budget's now, and not drift."""
        return frozenset(self.former) if self.hold is not Restriction.FREE or self.pending is not None else frozenset()


def from_events(events: Iterable[Event]) -> dict[str, BudgetState]:
    """Return the guards by environment; an environment that is not among them is free."""
    found: dict[str, BudgetState] = {}
    for event in sorted(events, key=lambda one: (one.at, _ORDER.get(one.kind, 0), one.id)):
        guard = found.get(event.environment, BudgetState(event.environment))
        found[event.environment] = _after(guard, event)
    return found


_ORDER = {str(kind): place for place, kind in enumerate(BudgetEvent)}
_BEGUN = {
    BudgetEvent.LIMITING: Restriction.LIMITED,
    BudgetEvent.SUSPENDING: Restriction.SUSPENDED,
    BudgetEvent.RESTORING: Restriction.FREE,
}
_DONE = {
    BudgetEvent.LIMITED: Restriction.LIMITED,
    BudgetEvent.SUSPENDED: Restriction.SUSPENDED,
    BudgetEvent.RESTORED: Restriction.FREE,
}


def _after(guard: BudgetState, event: Event) -> BudgetState:
    facts = event.payload
    kind = BudgetEvent(event.kind)
    if kind in _BEGUN:
        said = facts.get("former")
        former = {**(dict(said) if isinstance(said, Mapping) else {}), **guard.former}  # the first that was seen counts
        return replace(guard, pending=_BEGUN[kind], former=former)
    if kind in _DONE:
        hold = _DONE[kind]
        return replace(
            guard,
            hold=hold,
            pending=None,
            former={} if hold is Restriction.FREE else guard.former,
            since=event.at,
            reason=str(facts.get("reason") or ""),
            by_hand=bool(facts.get("by_hand")),
            again=event.at if facts.get("again") else None,
        )
    if kind is BudgetEvent.OVERRIDDEN:
        until = datetime.fromisoformat(str(facts["until"])).astimezone(UTC)
        return replace(
            guard,
            override=BudgetOverride(float(str(facts["usd"])), until, event.actor, str(facts.get("reason") or "")),
        )
    if kind is BudgetEvent.RECOVERED:
        return replace(guard, rungs={})
    about = str(facts.get("level"))
    rung = max(int(str(facts.get("rung") or 0)), guard.rungs.get(about, 0))
    return replace(guard, told={**guard.told, about: event.at}, rungs={**guard.rungs, about: rung})
