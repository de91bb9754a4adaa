"""Hours on the account: opened, closed and fitted by the clock; what undoes a change is in the journal before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.domain.budgets import budget_state
from sluice.domain.budgets.budget_state import BudgetEvent, BudgetState
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.steps import Change
from sluice.domain.schedules import schedule_state
from sluice.domain.schedules.hours import until
from sluice.domain.schedules.schedule_state import (
    ScheduleActions,
    ScheduleEvent,
    ScheduleState,
    actions_due,
    suspended,
    why_closed,
)
from sluice.domain.specs.environment import EnvironmentSpec, no_such_environment
from sluice.errors import SluiceError, SpecError, StopError
from sluice.operations.caller import Caller, refuse_nameless
from sluice.operations.locking import SCHEDULE, locked
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, meter, observe, provisioning_sql, teardown_sql, warehouses
from sluice.snowflake.connect import Session
from sluice.snowflake.suspend_sql import suspend_when_idle
from sluice.snowflake.warehouses import WarehouseRow

_LATEST = timedelta(days=7)

Specs = Mapping[str, EnvironmentSpec]
Warehouses = Mapping[Identifier, WarehouseRow]


@dataclass(frozen=True, slots=True)
class ScheduleReport:
    """What one check did by the clock."""

    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What would have been done, had nobody held the environment's lock."""
    failed: tuple[tuple[str, str], ...] = ()
    """Environment and reason; the others went on, and the next check tries again."""


def check(work: Workspace, specs: Specs, caller: Caller, *, off_hours: bool = True) -> ScheduleReport:
    """Leave every environment as its hours and its schedule want it now, except those that somebody has locked.

    Without `off_hours` none is closed, and those that are closed are opened.
    The number of look-ups is the same for any number of environments, where nothing is to be done.
    """
    done: list[str] = []
    left: list[str] = []
    failed: list[tuple[str, str]] = []
    with work.account() as account:
        session = account.computing()
        budgets, closed = account.budgets(), account.schedules()
        if not off_hours:
            specs = {name: spec.model_copy(update={"hours": None}) for name, spec in specs.items()}
        specs = {name: spec for name, spec in specs.items() if _concerned(spec, closed.get(name))}
        shown = {row.name: row for row in account.seen(warehouses.show_all)}
        unused = _unused(session, specs, shown, caller.now)
        for name, spec in specs.items():
            row = shown.get(spec.warehouse.name)
            sample = row.sample() if row is not None else None
            if sample is None:  # not provisioned
                continue
            budget, schedule = budgets.get(name, BudgetState(name)), closed.get(name, ScheduleState(name))
            actions = actions_due(spec, sample, budget, schedule, caller.now, unused=name in unused)
            if not actions:
                continue
            try:
                if holder := locks.locked_by_others(session, [name], except_holder=caller.holder).get(name):
                    left.append(f"{name}: {_words(actions)}, once {holder} has given back its lock")
                else:  # it looks at that environment again: the snapshot may be a minute old
                    done += _keep(session, spec, caller, unused=name in unused)
            except SluiceError as error:
                failed.append((name, error.message))
    return ScheduleReport(tuple(done), tuple(left), tuple(failed))


def stay_open(
    work: Workspace, specs: Specs, names: Sequence[str], end: str, caller: Caller, *, reason: str
) -> list[str]:
    """Open these environments until a moment, given as their own clocks show it, whatever their hours say.

    Raises:
        SpecError: no reason, no such environment, one without hours, or an end that is not to come within a week;
            nothing was changed then.
    """
    refuse_nameless(reason)
    ends = {name: _end(specs, name, end, caller.now) for name in names}
    lines: list[str] = []
    with work.control() as session:
        for name, moment in ends.items():
            _note(
                session,
                name,
                ScheduleEvent.KEPT_OPEN,
                caller,
                caller.now,
                {"until": moment.isoformat(), "reason": reason},
            )
            lines.append(f"{name} is open until {moment:%Y-%m-%d %H:%M} UTC")
            now = observe.now(session)
            budget, schedule = _now(session, name)
            actions = actions_due(specs[name], _ours(session, specs[name]), budget, schedule, now)
            if actions.open:
                _open(session, specs[name], actions, caller, now)
            if suspended(budget):
                lines[-1] += ", but its budget has suspended it"
    return lines


def reason(work: Workspace, spec: EnvironmentSpec) -> str | None:
    """Return until when an environment is closed; None: it is not."""
    with work.control() as session:
        schedule = _now(session, spec.name)[1]
        return f"{spec.name} is {why_closed(spec, observe.now(session))}" if schedule.owned_settings else None


def read(session: Session) -> dict[str, ScheduleState]:
    """Return what the clock has done to every environment, in one look-up."""
    return schedule_state.from_events(journal.read(session, kinds=tuple(ScheduleEvent)))


def restrictions_of(session: Session, environment: str) -> tuple[dict[str, BudgetState], dict[str, ScheduleState]]:
    """Return what its budget and what the clock holds of one environment, in one look-up."""
    return _fold(journal.read(session, environment=environment, kinds=(*BudgetEvent, *ScheduleEvent)))


def _fold(events: Sequence[Event]) -> tuple[dict[str, BudgetState], dict[str, ScheduleState]]:
    clock = {str(kind) for kind in ScheduleEvent}
    return (
        budget_state.from_events(event for event in events if event.kind not in clock),
        schedule_state.from_events(event for event in events if event.kind in clock),
    )


def _concerned(spec: EnvironmentSpec, schedule: ScheduleState | None) -> bool:
    scheduled = spec.hours is not None or spec.warehouse_schedule is not None
    return scheduled or (schedule is not None and bool(schedule.owned_settings))  # its hours were taken out of its spec


def _unused(session: Session, specs: Specs, shown: Warehouses, now: datetime) -> frozenset[str]:
    """Environments whose warehouse runs though no statement has used it for as long as their hours allow.

    Where the history does not reach back so far, nothing counts as unused.
    """
    patience = {
        name: timedelta(seconds=spec.hours.low_activity_seconds)
        for name, spec in specs.items()
        if spec.hours is not None and spec.warehouse.name in shown
    }
    idle = {
        name: length
        for name, length in patience.items()
        if _runs_for_nobody(shown[specs[name].warehouse.name], now - length)
    }
    if not idle:
        return frozenset()
    ran, whole = meter.statements(session, now - max(idle.values()), now)
    used = {
        name
        for name, length in idle.items()
        if any(statement.warehouse == specs[name].warehouse.name and statement.end > now - length for statement in ran)
    }
    return frozenset(idle.keys() - used) if whole else frozenset()


def _runs_for_nobody(row: WarehouseRow, since: datetime) -> bool:
    return (
        row.state == "STARTED"
        and not row.running + row.queued
        and row.resumed_on is not None
        and row.resumed_on <= since
    )


def _keep(session: Session, spec: EnvironmentSpec, caller: Caller, *, unused: bool) -> list[str]:
    """Do what is due to one environment, and look again: it may have been opened by hand, or suspended, meanwhile."""
    lines: list[str] = []
    for _ in range(2):
        now = observe.now(session)
        actions = actions_due(spec, _ours(session, spec), *_now(session, spec.name), now, unused=unused)
        if actions.close:
            lines.append(_close(session, spec, actions, caller, now))
        if actions.open:
            lines.append(_open(session, spec, actions, caller, now))
        if actions.resize_clusters:
            lines.append(_resize_clusters(session, spec, actions, caller, now))
        if actions.suspend_idle:
            lines.append(_suspend_idle(session, spec, caller, now))
        if not actions.close:
            break
    return lines


def _ours(session: Session, spec: EnvironmentSpec) -> WarehouseSample:
    row = warehouses.find(session, spec.warehouse.name)
    sample = row.sample() if row is not None and row.environment == spec.name else None
    if sample is None:
        raise StopError(
            "there is no warehouse that bears this environment's marker",
            where=f"warehouse {spec.warehouse.name}",
            value=row.environment if row is not None else None,
            good=f"provision_environment run for {spec.name}",
            untouched="the warehouse",
        )
    return sample


def _close(session: Session, spec: EnvironmentSpec, actions: ScheduleActions, caller: Caller, now: datetime) -> str:
    """Nothing starts its warehouse, and it is suspended; statements in progress finish. Under its lock.

    Whatever works there under the lock is not shut out in the middle, and whatever asks for the lock is refused now as
    it would be a moment later. Nothing else is done under it: nobody is to fail because of a look at the clock.
    """
    why = why_closed(spec, now)
    with locked(session, spec.name, caller.holder, SCHEDULE, actor=caller.actor):
        _note(session, spec.name, ScheduleEvent.CLOSING, caller, now, {"former": dict(actions.former)})
        session.run(teardown_sql.stop_warehouse(spec.warehouse.name))
        suspend_when_idle(session, spec.warehouse.name)
        _note(session, spec.name, ScheduleEvent.CLOSED, caller, now, {"reason": why})
    return f"{spec.name}: {why}"


def _open(session: Session, spec: EnvironmentSpec, actions: ScheduleActions, caller: Caller, now: datetime) -> str:
    """What closing took is given back, except what its budget holds: that is its budget's to give."""
    _note(session, spec.name, ScheduleEvent.OPENING, caller, now, {"former": dict(actions.restore)})
    _set(session, spec, [Change(key, "", value) for key, value in actions.restore.items()])
    # its budget may have suspended it meanwhile, before or after we gave it back
    if actions.restore and suspended(_now(session, spec.name)[0]):
        session.run(teardown_sql.stop_warehouse(spec.warehouse.name))
    _note(session, spec.name, ScheduleEvent.OPENED, caller, now, {"settings": dict(actions.restore)})
    return f"{spec.name}: open" if actions.restore else f"{spec.name}: open, but its budget has suspended it"


def _resize_clusters(
    session: Session, spec: EnvironmentSpec, actions: ScheduleActions, caller: Caller, now: datetime
) -> str:
    """Its warehouse has the settings that its schedule asks for at this time of the day."""
    facts = {
        "former": {change.setting: change.found for change in actions.resize_clusters},
        "settings": {change.setting: change.wanted for change in actions.resize_clusters},
    }
    _note(session, spec.name, ScheduleEvent.RESIZED, caller, now, facts)
    _set(session, spec, actions.resize_clusters)
    words = ", ".join(f"{change.setting} {change.found} → {change.wanted}" for change in actions.resize_clusters)
    return f"{spec.name}: {words}"


def _suspend_idle(session: Session, spec: EnvironmentSpec, caller: Caller, now: datetime) -> str:
    """Its warehouse is suspended; the next statement starts it."""
    seconds = spec.hours.low_activity_seconds if spec.hours is not None else 0
    why = f"no statement for {seconds} s: suspended until the next one"
    _note(session, spec.name, ScheduleEvent.IDLE_SUSPENDED, caller, now, {"reason": why})
    suspend_when_idle(session, spec.warehouse.name)
    return f"{spec.name}: {why}"


def _set(session: Session, spec: EnvironmentSpec, changes: Sequence[Change]) -> None:
    if changes:
        session.run(provisioning_sql.alter_warehouse(spec.warehouse.name, changes, Marker(spec.name)))


def _now(session: Session, environment: str) -> tuple[BudgetState, ScheduleState]:
    budgets, schedules = restrictions_of(session, environment)
    return budgets.get(environment, BudgetState(environment)), schedules.get(environment, ScheduleState(environment))


def _words(actions: ScheduleActions) -> str:
    parts = {
        "closed": actions.close,
        "opened": actions.open,
        "fitted to its schedule": actions.resize_clusters,
        "suspended": actions.suspend_idle,
    }
    return "to be " + " and ".join(name for name, wanted in parts.items() if wanted)


def _end(specs: Specs, name: str, end: str, now: datetime) -> datetime:
    if name not in specs:
        raise no_such_environment(name, specs)
    block = specs[name].hours
    if block is None:
        raise SpecError(
            "it has no hours: it is always open", where=f"environment {name}", good="dev", untouched="everything"
        )
    moment = until(end, block.zone, now)
    if moment > now + _LATEST:
        raise SpecError(
            "it stays open for a week at most", where="until", value=end, good="21:00", untouched="everything"
        )
    return moment


def _note(  # noqa: PLR0917 (a private function)
    session: Session, environment: str, kind: ScheduleEvent, caller: Caller, now: datetime, facts: Mapping[str, object]
) -> None:
    event = Event(at=now, actor=caller.actor, environment=environment, kind=str(kind), payload=dict(facts))
    journal.append(session, event)
