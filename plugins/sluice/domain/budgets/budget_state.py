"""Budget states: restrictions, overrides and notices of each environment, derived from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from sluice.domain.journal.events import Event


class BudgetEvent(StrEnum):
    """Events of a budget. `…ING` is written before the first change, with the settings to restore."""

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
    """How the budget restricts an environment. The values are those of journals."""

    NONE = "free"
    THROTTLED = "limited"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class BudgetOverride:
    """Additional dollars until a time, with a reason."""

    usd: float
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetState:
    """The budget state of one environment, from the journal."""

    environment: str
    restriction: Restriction = Restriction.NONE
    pending: Restriction | None = None
    """An interrupted action: the next check finishes it."""
    former: Mapping[str, str | int | bool] = field(default_factory=dict)
    """The warehouse's settings before the budget changed any."""
    since: datetime | None = None
    reason: str = ""
    manual: bool = False
    """Set by a person: only a person resumes it."""
    repeated_at: datetime | None = None
    """When it was last suspended again because somebody had started it."""
    notified_at: Mapping[str, datetime] = field(default_factory=dict)
    """When each level or alert was last notified."""
    escalation_levels: Mapping[str, int] = field(default_factory=dict)
    """The escalation level of each notice that is not resolved."""
    override: BudgetOverride | None = None

    def extra_usd(self, now: datetime) -> float:
        """Return the additional dollars of an override that is in effect."""
        return self.override.usd if self.override is not None and now < self.override.until else 0.0

    @property
    def owned_settings(self) -> frozenset[str]:
        """Warehouse settings that the budget has changed: they are not drift."""
        return (
            frozenset(self.former)
            if self.restriction is not Restriction.NONE or self.pending is not None
            else frozenset()
        )


def from_events(events: Iterable[Event]) -> dict[str, BudgetState]:
    """Return the states by environment; one that is missing is not restricted."""
    states: dict[str, BudgetState] = {}
    for event in sorted(events, key=lambda item: (item.at, _ORDER.get(item.kind, 0), item.id)):
        state = states.get(event.environment, BudgetState(event.environment))
        states[event.environment] = _after(state, event)
    return states


_ORDER = {str(kind): place for place, kind in enumerate(BudgetEvent)}
_BEGUN = {
    BudgetEvent.LIMITING: Restriction.THROTTLED,
    BudgetEvent.SUSPENDING: Restriction.SUSPENDED,
    BudgetEvent.RESTORING: Restriction.NONE,
}
_DONE = {
    BudgetEvent.LIMITED: Restriction.THROTTLED,
    BudgetEvent.SUSPENDED: Restriction.SUSPENDED,
    BudgetEvent.RESTORED: Restriction.NONE,
}


def _after(state: BudgetState, event: Event) -> BudgetState:
    facts = event.payload
    kind = BudgetEvent(event.kind)
    if kind in _BEGUN:
        former_settings = facts.get("former")
        former = {
            **(dict(former_settings) if isinstance(former_settings, Mapping) else {}),
            **state.former,
        }  # the first recorded value counts
        return replace(state, pending=_BEGUN[kind], former=former)
    if kind in _DONE:
        restriction = _DONE[kind]
        return replace(
            state,
            restriction=restriction,
            pending=None,
            former={} if restriction is Restriction.NONE else state.former,
            since=event.at,
            reason=str(facts.get("reason") or ""),
            manual=bool(facts.get("by_hand")),
            repeated_at=event.at if facts.get("again") else None,
        )
    if kind is BudgetEvent.OVERRIDDEN:
        until = datetime.fromisoformat(str(facts["until"])).astimezone(UTC)
        return replace(
            state,
            override=BudgetOverride(float(str(facts["usd"])), until, event.actor, str(facts.get("reason") or "")),
        )
    if kind is BudgetEvent.RECOVERED:
        return replace(state, escalation_levels={})
    if kind is not BudgetEvent.NOTIFIED:
        raise ValueError(f"an event of budgets that nothing reads: {kind}")
    about = str(facts.get("level"))
    escalation_level = max(int(str(facts.get("rung") or 0)), state.escalation_levels.get(about, 0))
    return replace(
        state,
        notified_at={**state.notified_at, about: event.at},
        escalation_levels={**state.escalation_levels, about: escalation_level},
    )
