"""Schedule states: what the schedule requires of an environment, and what it has done, derived from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.journal.events import Event
from sluice.domain.provisioning.steps import Change
from sluice.domain.specs.environment import EnvironmentSpec

_STOPPED = frozenset({"SUSPENDED", "SUSPENDING"})
_EARLY = timedelta(minutes=5)
"""One check ahead: it is open when work starts at eight sharp."""
CLOSED_SETTING = "auto_resume"
"""The one setting that closing changes."""


class ScheduleEvent(StrEnum):
    """Events of a schedule. `…ING` is written before the first change, with the settings to restore."""

    KEPT_OPEN = "hours.late"
    CLOSING = "hours.closing"
    CLOSED = "hours.closed"
    OPENING = "hours.opening"
    OPENED = "hours.opened"
    RESIZED = "hours.fitting"
    IDLE_SUSPENDED = "hours.idle"


@dataclass(frozen=True, slots=True)
class OpenOverride:
    """Open until a time regardless of the hours, with a reason."""

    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScheduleActions:
    """The actions that the schedule requires for one environment now."""

    close: bool
    open: bool
    resize_clusters: tuple[Change, ...]
    """Warehouse settings that differ from the schedule."""
    suspend_idle: bool
    """Suspend its idle warehouse; the next statement resumes it."""
    former: Mapping[str, str | int | bool]
    """The settings before closing, to be recorded."""
    restore: Mapping[str, str | int | bool]
    """The settings that opening restores; none that the budget has changed."""

    def __bool__(self) -> bool:
        return self.close or self.open or bool(self.resize_clusters) or self.suspend_idle


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """The schedule state of one environment, from the journal."""

    environment: str
    closed: bool = False
    pending: bool = False
    """Whether a change was interrupted: the next check repeats it."""
    former: Mapping[str, str | int | bool] = field(default_factory=dict)
    """The settings before closing, and before the budget changed any."""
    open_override: OpenOverride | None = None

    @property
    def owned_settings(self) -> frozenset[str]:
        """Settings that the schedule has changed: no drift, and only the schedule restores them."""
        return frozenset({CLOSED_SETTING}) if self.closed or self.pending else frozenset()


def from_events(events: Iterable[Event]) -> dict[str, ScheduleState]:
    """Return the states by environment; one that is missing is open."""
    states: dict[str, ScheduleState] = {}
    order = {str(kind): place for place, kind in enumerate(ScheduleEvent)}
    for event in sorted(events, key=lambda item: (item.at, order.get(item.kind, 0), item.id)):
        state = states.get(event.environment, ScheduleState(event.environment))
        states[event.environment] = _after(state, event)
    return states


def scheduled_settings(spec: EnvironmentSpec, now: datetime) -> dict[str, str | int]:
    """Return the warehouse settings of an environment's schedule at a moment."""
    settings: dict[str, str | int] = {}
    if spec.hours is not None:
        settings["auto_suspend"] = spec.hours.idle_seconds
    if spec.warehouse_schedule is not None:
        settings |= spec.warehouse_schedule.at(now).settings
    return settings


def spec_at(spec: EnvironmentSpec, now: datetime) -> EnvironmentSpec:
    """Return the spec with the scheduled warehouse settings at a moment."""
    settings = scheduled_settings(spec, now)
    return spec.model_copy(update={"warehouse": spec.warehouse.model_copy(update=settings)}) if settings else spec


def closes(spec: EnvironmentSpec, state: ScheduleState, now: datetime) -> bool:
    """Return whether an environment is to be closed at a moment."""
    if spec.hours is None or (state.open_override is not None and now < state.open_override.until):
        return False
    return not (spec.hours.open_at(now) or spec.hours.open_at(now + _EARLY))


def actions_due(
    spec: EnvironmentSpec,
    sample: WarehouseSample,
    budget: BudgetState,
    state: ScheduleState,
    now: datetime,
    *,
    unused: bool = False,
) -> ScheduleActions:
    """Return the actions due for an environment now.

    `unused`: no statement has used its warehouse for `low_activity_seconds`. Settings changed by the budget stay.
    """
    closing = closes(spec, state, now)
    runs = sample.state not in _STOPPED
    back = {CLOSED_SETTING: state.former.get(CLOSED_SETTING, True)}
    changes = [
        Change(key, str(getattr(sample, key)), value)
        for key, value in scheduled_settings(spec, now).items()
        if key not in budget.owned_settings and getattr(sample, key) != value
    ]
    return ScheduleActions(
        close=closing and (not state.closed or state.pending or sample.auto_resume or runs),
        open=not closing and bool(state.owned_settings),
        resize_clusters=tuple(changes),
        suspend_idle=not closing and runs and unused and not sample.running + sample.queued,
        former={CLOSED_SETTING: budget.former.get(CLOSED_SETTING, sample.auto_resume), **state.former},
        restore={} if suspended(budget) else back,
    )


def suspended(budget: BudgetState) -> bool:
    """Return whether an environment's budget has suspended it, or is about to."""
    return Restriction.SUSPENDED in {budget.restriction, budget.pending}


def why_closed(spec: EnvironmentSpec, now: datetime) -> str:
    """Return until when an environment is closed, in its local time."""
    opens = spec.hours.opens_after(now) if spec.hours is not None else now
    if opens is None:
        return "closed until further notice: no day of the next year is open"
    if spec.hours is None or spec.hours.open_at(now):
        return "closed until the next check"
    zone = ZoneInfo(spec.hours.zone)
    local = opens.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local:%A %Y-%m-%d} "
    return f"closed until {day}{local:%H:%M} {spec.hours.zone}"


def _after(state: ScheduleState, event: Event) -> ScheduleState:
    facts = event.payload
    match ScheduleEvent(event.kind):
        case ScheduleEvent.KEPT_OPEN:
            until = datetime.fromisoformat(str(facts["until"])).astimezone(UTC)
            return replace(state, open_override=OpenOverride(until, event.actor, str(facts.get("reason") or "")))
        case ScheduleEvent.CLOSING | ScheduleEvent.OPENING:
            former_settings = facts.get("former")
            former = {
                **(dict(former_settings) if isinstance(former_settings, Mapping) else {}),
                **state.former,
            }  # the first counts
            return replace(state, pending=True, former=former)
        case ScheduleEvent.CLOSED:
            return replace(state, closed=True, pending=False)
        case ScheduleEvent.OPENED:
            return replace(state, closed=False, pending=False, former={})
        case ScheduleEvent.RESIZED | ScheduleEvent.IDLE_SUSPENDED:
            return state
