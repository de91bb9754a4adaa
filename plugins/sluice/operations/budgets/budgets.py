"""Budgets on the account: one check, and what people do by hand. What undoes a change is in the journal before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import assert_never

from sluice.domain.budgets import budget_actions
from sluice.domain.budgets.budget_actions import Alert, BudgetPlan, Notice, Notify, Resolve, SetRestriction, Step
from sluice.domain.budgets.budget_policy import BudgetPolicy, Verdict, judge, over_account_limit
from sluice.domain.budgets.budget_state import BudgetEvent, BudgetState, Restriction, from_events
from sluice.domain.budgets.spend import Measurement
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.resources import Warehouse
from sluice.domain.provisioning.steps import Change
from sluice.domain.schedules.schedule_state import ScheduleState
from sluice.domain.sizes import Size
from sluice.domain.specs.environment import EnvironmentSpec, no_such_environment
from sluice.errors import RefusedError, SluiceError, SpecError, StopError
from sluice.operations.account import Account
from sluice.operations.caller import Caller, refuse_nameless
from sluice.operations.schedules import schedules
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import journal, provisioning_sql, warehouses
from sluice.snowflake.connect import Session
from sluice.snowflake.suspend_sql import stop

_STOPPED = frozenset({"SUSPENDED", "SUSPENDING"})


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check saw and did."""

    verdicts: Mapping[str, Verdict]
    guards: Mapping[str, BudgetState]
    plan: BudgetPlan
    done: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """Environment and reason; the others went on, and the next check tries again."""


def look(work: Workspace, policy: BudgetPolicy, measured: Measurement, now: datetime) -> Checked:
    """Return the verdict on every environment and what a check would do now; nothing is changed."""
    with work.account() as account:
        guards, specs = account.budgets(), _specs(work, account)
    verdicts = {
        name: judge(spend, specs[name], policy, guards.get(name, BudgetState(name)), now)
        for name, spend in measured.spends.items()
        if name in specs
    }
    spends = {name: spend for name, spend in measured.spends.items() if name in specs}
    known = replace(measured, spends=spends)
    together = over_account_limit(known, policy, specs)
    awake = _restarted(measured, guards)
    plan = budget_actions.plan(verdicts, guards, specs, policy, now, over_account_limit=together, running_again=awake)
    return Checked(verdicts, guards, plan)


@in_one_session
def check(
    work: Workspace,
    policy: BudgetPolicy,
    measured: Measurement,
    caller: Caller,
    say: Callable[[Notice], None] = lambda _: None,
) -> Checked:
    """Do what the verdicts ask for: limit, suspend, give back, then tell; one that fails stops no other.

    What is said goes to `say` before the journal has it: a check that dies in between says it again rather than not.
    """
    done: list[str] = []
    failed: list[tuple[str, str]] = []
    with work.control() as session:
        seen, specs = look(work, policy, measured, caller.now), specs_of(work)

        def do(step: Step) -> SluiceError | None:
            try:
                if isinstance(step, SetRestriction):
                    restrict(session, specs[step.environment], step, policy, caller)
                    say(budget_actions.notice(step))
                else:
                    say(budget_actions.notice(step))
                    _was_notified(session, step, caller)
            except SluiceError as error:
                failed.append((step.environment, error.message))
                return error
            done.extend(budget_actions.explain(BudgetPlan((step,))))
            return None

        for step in sorted(seen.plan.steps, key=lambda one: not isinstance(one, SetRestriction)):
            if (error := do(step)) is not None and isinstance(step, SetRestriction):
                name = step.environment
                text = f"{name} could not be {step.restriction}, the next check tries again: {error.message}"
                guard = seen.guards.get(name, BudgetState(name))
                for one in budget_actions.alerts(
                    guard, specs[name], policy, caller.now, about=budget_actions.FAILED, text=text
                ):
                    do(one)
    return Checked(seen.verdicts, seen.guards, seen.plan, tuple(done), tuple(failed))


def _was_notified(session: Session, step: Notify | Alert | Resolve, caller: Caller) -> None:
    if isinstance(step, Resolve):
        _note(session, step.environment, BudgetEvent.RECOVERED, caller, {}, key="recovered")
        return
    about = step.level if isinstance(step, Notify) else step.about
    _note(
        session,
        step.environment,
        BudgetEvent.NOTIFIED,
        caller,
        {"level": about, "rung": step.escalation_level},
        key=about,
    )


@in_one_session
def by_hand(
    work: Workspace,
    environments: Sequence[str],
    wanted: Restriction,
    policy: BudgetPolicy,
    caller: Caller,
    *,
    reason: str,
) -> list[str]:
    """Stop, limit or start these environments, whatever they cost; what a person held, a person gives back.

    Raises:
        SpecError: no reason, or no such environment; nothing was changed then.
        RefusedError: production is not stopped by us.
        StopError: a warehouse is not there, or is somebody else's; nothing was changed then.
    """
    refuse_nameless(reason)
    specs = specs_of(work)
    for name in environments:
        if name not in specs:
            raise no_such_environment(name, specs)
        _refuse_stopping_production(specs[name], wanted)
    with work.control() as session:
        for name in environments:
            _compute(session, specs[name])
        for name in environments:
            restrict(
                session,
                specs[name],
                SetRestriction(name, wanted, reason, manual=wanted is not Restriction.NONE),
                policy,
                caller,
            )
    return list(environments)


@in_one_session
def override(work: Workspace, environment: str, usd: float, until: datetime, caller: Caller, *, reason: str) -> None:
    """Let an environment cost more for a while; the next check gives back what its budget had taken.

    Raises:
        SpecError: no reason, no amount, or an end that is not to come; nothing was changed then.
    """
    refuse_nameless(reason)
    work.including(environment)
    if not 0 < usd < inf:
        raise SpecError("an override is of some dollars", where="usd", value=usd, good="20", untouched="everything")
    if until <= caller.now or until > caller.now + timedelta(days=31):
        raise SpecError(
            "an override ends within a month",
            where="until",
            value=until.isoformat(),
            good=(caller.now + timedelta(hours=8)).isoformat(timespec="minutes"),
            untouched="everything",
        )
    with work.control() as session:
        facts = {"usd": usd, "until": until.isoformat(), "reason": reason}
        _note(session, environment, BudgetEvent.OVERRIDDEN, caller, facts, key="override")


def reason(work: Workspace, environment: str) -> str | None:
    """Return why an environment's budget has suspended it; None: it has not."""
    with work.control() as session:
        state = state_of(session, environment)
    if state.restriction is not Restriction.SUSPENDED:
        return None
    since = f" since {state.since:%Y-%m-%d %H:%M} UTC" if state.since else ""
    return f"its budget has suspended {environment}{since}: {state.reason}"


def read(session: Session) -> dict[str, BudgetState]:
    """Return the guard of every environment that has one, in one look-up."""
    return from_events(journal.read(session, kinds=tuple(BudgetEvent)))


def state_of(session: Session, environment: str) -> BudgetState:
    """Return the guard of one environment."""
    states = from_events(journal.read(session, environment=environment, kinds=tuple(BudgetEvent)))
    return states.get(environment, BudgetState(environment))


def restrict(
    session: Session, spec: EnvironmentSpec, step: SetRestriction, policy: BudgetPolicy, caller: Caller
) -> None:
    """Leave the environment held as the step says: recorded first, with what undoes it; then done; then said.

    A run that dies in between is finished by the next check, which sees what was begun.
    """
    _refuse_stopping_production(spec, step.restriction)
    warehouse = _compute(session, spec)
    guards, closings = schedules.restrictions_of(session, spec.name)
    budget, schedule = guards.get(spec.name, BudgetState(spec.name)), closings.get(spec.name, ScheduleState(spec.name))
    already = budget.pending is None and (budget.restriction, budget.manual) == (step.restriction, step.manual)
    if already and (not step.repeated or _state(session, spec.warehouse.name) in _STOPPED):
        return  # another check has done it meanwhile
    begun = {
        Restriction.THROTTLED: BudgetEvent.LIMITING,
        Restriction.SUSPENDED: BudgetEvent.SUSPENDING,
        Restriction.NONE: BudgetEvent.RESTORING,
    }
    ended = {
        Restriction.THROTTLED: BudgetEvent.LIMITED,
        Restriction.SUSPENDED: BudgetEvent.SUSPENDED,
        Restriction.NONE: BudgetEvent.RESTORED,
    }
    wanted = _settings(warehouse, budget, step.restriction, policy)
    if step.restriction is not Restriction.SUSPENDED:  # what the clock has closed, the clock gives back
        wanted = {key: value for key, value in wanted.items() if key not in schedule.owned_settings}
    before = {key: getattr(warehouse, key) for key in wanted}
    own = dict(before)
    if own.get("size") == spec.warehouse.promoting:
        own["size"] = spec.warehouse.size  # a promotion has lent it the other, and gives that back itself
    former = {
        key: schedule.former.get(key, value) if key in schedule.owned_settings else value for key, value in own.items()
    }
    facts: dict[str, object] = {"former": {key: str(v) if isinstance(v, Size) else v for key, v in former.items()}}
    if step.restriction is not Restriction.NONE or budget.former:
        _note(session, spec.name, begun[step.restriction], caller, facts, key=step.restriction)
    changes = [Change(key, str(before[key]), value) for key, value in wanted.items() if before[key] != value]
    if changes:
        session.run(provisioning_sql.alter_warehouse(spec.warehouse.name, changes, Marker(spec.name)))
    if step.restriction is Restriction.SUSPENDED:
        _stopped(session, spec.warehouse.name)
    settings = {key: str(value) for key, value in wanted.items()}
    facts = {"reason": step.reason, "by_hand": step.manual, "again": step.repeated, "settings": settings}
    _note(session, spec.name, ended[step.restriction], caller, facts, key=step.restriction)


def _settings(
    warehouse: Warehouse, budget: BudgetState, wanted: Restriction, policy: BudgetPolicy
) -> dict[str, str | int | bool]:
    """The warehouse's settings under a hold: what the budget does not hold is as it was recorded."""
    back = {key: Size(str(value)) if key == "size" else value for key, value in budget.former.items()}
    if wanted is Restriction.NONE:
        return back
    if wanted is Restriction.SUSPENDED:
        return {"auto_resume": False}
    if wanted is not Restriction.THROTTLED:
        assert_never(wanted)
    size = back.get("size", warehouse.size)
    smaller = list(Size)[max(list(Size).index(Size(str(size))) - 1, 0)]
    return {
        **back,
        "size": smaller,
        "min_cluster_count": 1,
        "max_cluster_count": 1,
        "concurrent_queries": min(policy.limited.concurrent_queries, warehouse.concurrent_queries or 8),
        "statement_timeout": min(policy.limited.statement_timeout, warehouse.statement_timeout or 604_800),
    }


def _stopped(session: Session, warehouse: Identifier) -> None:
    """Stop it, and see that it is so."""
    stop(session, warehouse)
    state = _state(session, warehouse)
    if state not in _STOPPED:
        raise StopError(f"it is {state or 'not there'} after SUSPEND", where=f"warehouse {warehouse}", good="SUSPENDED")


def _state(session: Session, warehouse: Identifier) -> str:
    row = warehouses.find(session, warehouse)
    return row.state if row is not None else ""


def _compute(session: Session, spec: EnvironmentSpec) -> Warehouse:
    """Its warehouse as it is; one that is somebody else's, whatever its name, is left alone."""
    warehouse = warehouses.settings(session, spec.warehouse.name)
    if warehouse is None:
        raise StopError("its warehouse is not there", where=f"warehouse {spec.warehouse.name}", untouched="everything")
    warehouse.refuse_foreign(spec.name)
    return warehouse


def _restarted(measured: Measurement, guards: Mapping[str, BudgetState]) -> frozenset[str]:
    """What is suspended, and was seen running later than that."""
    running = {sample.environment for sample in measured.warehouses if sample.state not in _STOPPED}
    return frozenset(
        name
        for name, state in guards.items()
        if name in running
        and state.restriction is Restriction.SUSPENDED
        and state.since is not None
        and state.since < measured.at
    )


def _refuse_stopping_production(spec: EnvironmentSpec, wanted: Restriction) -> None:
    if wanted is Restriction.SUSPENDED and spec.kind == "production":
        raise RefusedError(
            "production is watched, never stopped by us",
            where=f"environment {spec.name}",
            good="limit; or ALTER WAREHOUSE … SUSPEND by an administrator",
            untouched="everything",
        )


def specs_of(work: Workspace) -> dict[str, EnvironmentSpec]:
    """Return every environment that has a budget now: those that stand, and those that come and go and are in use."""
    with work.account() as account:
        return _specs(work, account)


def _specs(work: Workspace, account: Account) -> dict[str, EnvironmentSpec]:
    in_use = {State.READY, State.NOTICED}
    ephemeral = {name: life.spec for name, life in account.ephemeral().items() if life.state in in_use}
    return {**ephemeral, **work.environments}


def _note(
    session: Session, environment: str, kind: BudgetEvent, caller: Caller, facts: Mapping[str, object], *, key: str
) -> None:
    event = Event.once(
        f"{caller.holder}:{key}",
        at=caller.now,
        actor=caller.actor,
        environment=environment,
        kind=kind,
        payload=dict(facts),
    )
    journal.append(session, event)
