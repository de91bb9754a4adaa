"""Closings: what the clock asks of an environment, and what it has done to it, folded from the journal."""

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
"""One check ahead: what begins to work at eight sharp finds it open."""
CLOSED_SETTING = "auto_resume"
"""The one setting that closing takes away."""


class ScheduleEvent(StrEnum):
    """What the clock does to an environment. `…ING` is written before the first change, with what undoes it."""

    KEPT_OPEN = "hours.late"
    CLOSING = "hours.closing"
    CLOSED = "hours.closed"
    OPENING = "hours.opening"
    OPENED = "hours.opened"
    RESIZED = "hours.fitting"
    IDLE_SUSPENDED = "hours.idle"


@dataclass(frozen=True, slots=True)
class OpenOverride:
    """Open until then whatever the hours say, with a reason."""

    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScheduleActions:
    """What the clock asks to be done to one environment."""

    close: bool
    open: bool
    resize_clusters: tuple[Change, ...]
    """Settings of its warehouse that are not as its schedule wants them."""
    suspend_idle: bool
    """Its warehouse runs for nobody: suspended, and started by the next statement."""
    former: Mapping[str, str | int | bool]
    """What closing records as the settings before it."""
    restore: Mapping[str, str | int | bool]
    """What opening gives back; nothing that its budget holds."""

    def __bool__(self) -> bool:
        return self.close or self.open or bool(self.resize_clusters) or self.suspend_idle


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What the clock has done to one environment, as the journal tells it."""

    environment: str
    closed: bool = False
    pending: bool = False
    """Closing or opening was begun and not finished: the next check does it again."""
    former: Mapping[str, str | int | bool] = field(default_factory=dict)
    """The settings that closing took away, as they were before it and before its budget took any."""
    open_override: OpenOverride | None = None

    @property
    def owned_settings(self) -> frozenset[str]:
        """The settings that are the clock's now, and neither drift nor anybody's to give back."""
        return frozenset({CLOSED_SETTING}) if self.closed or self.pending else frozenset()


def from_events(events: Iterable[Event]) -> dict[str, ScheduleState]:
    """Return what the clock did by environment; one that is not among them is open."""
    found: dict[str, ScheduleState] = {}
    order = {str(kind): place for place, kind in enumerate(ScheduleEvent)}
    for event in sorted(events, key=lambda one: (one.at, order.get(one.kind, 0), one.id)):
        closing = found.get(event.environment, ScheduleState(event.environment))
        found[event.environment] = _after(closing, event)
    return found


def scheduled_settings(spec: EnvironmentSpec, now: datetime) -> dict[str, str | int]:
    """Return the settings that an environment's schedule asks of its warehouse at a moment."""
    made: dict[str, str | int] = {}
    if spec.hours is not None:
        made["auto_suspend"] = spec.hours.idle_seconds
    if spec.warehouse_schedule is not None:
        made |= spec.warehouse_schedule.at(now).settings
    return made


def spec_at(spec: EnvironmentSpec, now: datetime) -> EnvironmentSpec:
    """Return the spec with the warehouse that its schedule asks for at a moment."""
    made = scheduled_settings(spec, now)
    return spec.model_copy(update={"warehouse": spec.warehouse.model_copy(update=made)}) if made else spec


def closes(spec: EnvironmentSpec, closing: ScheduleState, now: datetime) -> bool:
    """Return whether an environment is to be closed at a moment."""
    if spec.hours is None or (closing.open_override is not None and now < closing.open_override.until):
        return False
    return not (spec.hours.open_at(now) or spec.hours.open_at(now + _EARLY))


def actions_due(
    spec: EnvironmentSpec,
    found: WarehouseSample,
    guard: BudgetState,
    closing: ScheduleState,
    now: datetime,
    *,
    unused: bool = False,
) -> ScheduleActions:
    """Return what is to be done to an environment now: nothing, once it is done.

    `unused` says that no statement has used its warehouse for as long as its hours allow. What its budget holds stays.
    """
    shut = closes(spec, closing, now)
    runs = found.state not in _STOPPED
    back = {CLOSED_SETTING: closing.former.get(CLOSED_SETTING, True)}
    changes = [
        Change(key, str(getattr(found, key)), wanted)
        for key, wanted in scheduled_settings(spec, now).items()
        if key not in guard.owned_settings and getattr(found, key) != wanted
    ]
    return ScheduleActions(
        close=shut and (not closing.closed or closing.pending or found.auto_resume or runs),
        open=not shut and bool(closing.owned_settings),
        resize_clusters=tuple(changes),
        suspend_idle=not shut and runs and unused and not found.running + found.queued,
        former={CLOSED_SETTING: guard.former.get(CLOSED_SETTING, found.auto_resume), **closing.former},
        restore={} if suspended(guard) else back,
    )


def suspended(guard: BudgetState) -> bool:
    """Return whether an environment's budget has suspended it, or is about to."""
    return Restriction.SUSPENDED in {guard.restriction, guard.pending}


def why_closed(spec: EnvironmentSpec, now: datetime) -> str:
    """Return until when a closed environment is so, on its own wall's clock."""
    opens = spec.hours.opens_after(now) if spec.hours is not None else now
    if opens is None:
        return "closed until further notice: no day of the next year is open"
    if spec.hours is None or spec.hours.open_at(now):
        return "closed until the next check"
    zone = ZoneInfo(spec.hours.zone)
    there = opens.astimezone(zone)
    day = "" if there.date() == now.astimezone(zone).date() else f"{there:%A %Y-%m-%d} "
    return f"closed until {day}{there:%H:%M} {spec.hours.zone}"


def _after(closing: ScheduleState, event: Event) -> ScheduleState:
    facts = event.payload
    match ScheduleEvent(event.kind):
        case ScheduleEvent.KEPT_OPEN:
            until = datetime.fromisoformat(str(facts["until"])).astimezone(UTC)
            return replace(closing, open_override=OpenOverride(until, event.actor, str(facts.get("reason") or "")))
        case ScheduleEvent.CLOSING | ScheduleEvent.OPENING:
            said = facts.get("former")
            former = {**(dict(said) if isinstance(said, Mapping) else {}), **closing.former}  # the first counts
            return replace(closing, pending=True, former=former)
        case ScheduleEvent.CLOSED:
            return replace(closing, closed=True, pending=False)
        case ScheduleEvent.OPENED:
            return replace(closing, closed=False, pending=False, former={})
        case ScheduleEvent.RESIZED | ScheduleEvent.IDLE_SUSPENDED:
            return closing
