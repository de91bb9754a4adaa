"""Provisioning an environment: observe, plan, explain, apply; run again, it finds nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.journal.events import Event, Kind
from sluice.domain.provisioning import plan as provisioning_plan
from sluice.domain.provisioning.steps import Plan, Step, as_text, explain
from sluice.domain.schedules.schedule_state import ScheduleState
from sluice.errors import RefusedError, SpecError
from sluice.operations.locking import PROVISIONING, locked
from sluice.operations.provisioning.upgrade import older, upgrade
from sluice.operations.schedules import schedules
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import journal, resources, statements
from sluice.snowflake.apply import apply
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a run of provisioning did."""

    environment: str
    steps: tuple[str, ...]
    """One line for each step that was applied."""
    statements: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the report as primitives."""
        return {
            "environment": self.environment,
            "steps": list(self.steps),
            "statements": self.statements,
            "notes": list(self.notes),
        }


@in_one_session
def plan_provision(work: Workspace, environment: str, now: datetime) -> Plan:
    """Return the steps that would bring the account to the spec; nothing is changed."""
    with work.admin(environment) as session:
        return _plan(work, session, environment, now, _restrictions(work, environment))[0]


@in_one_session
def provision(
    work: Workspace,
    environment: str,
    now: datetime,
    *,
    holder: str,
    actor: str = "",
    done: Callable[[Step], None] = lambda _: None,
) -> Provisioned:
    """Leave the environment as its spec says, under its lock; `holder` names the run, so that a retry goes on.

    A control schema of an older sluice is brought forward first, for all environments: see `upgrade`.
    """
    if older(work):
        upgrade(work)
    budget, schedule = restrictions = _restrictions(work, environment)
    if budget.restriction is Restriction.SUSPENDED:
        raise RefusedError(
            f"its budget has suspended it: {budget.reason}",
            where=f"environment {environment}",
            good=f"sluice budget resume {environment}, or: sluice budget override {environment}",
            untouched="everything",
        )
    with work.admin(environment) as session:
        whole, locked_by = _plan(work, session, environment, now, restrictions)
        if not whole.steps and locked_by is None:
            return Provisioned(environment, (), 0, whole.notes)  # nobody is changing it, and nothing is to be changed
        first = provisioning_plan.foundation(whole)
        sent = apply(session, first, done)
        spec = work.spec(environment)
        usable = control_warehouse(spec.control_database) if schedule.owned_settings else spec.warehouse.name
        session.run(statements.use_warehouse(usable))
        with locked(session, environment, holder, PROVISIONING, actor=actor):
            # again, under the lock: another run may have changed the environment, its budget or its hours meanwhile
            rest, _ = _plan(work, session, environment, now, _restrictions(work, environment), ours=holder)
            sent += apply(session, rest, done)
            report = _report(environment, first, rest, sent)
            if report.steps:
                _record(session, report, holder, actor, now)
    with work.account() as account:
        account.forget()  # what it has read was changed by another session
    return report


def _plan(  # noqa: PLR0917 (a private function)
    work: Workspace,
    session: Session,
    environment: str,
    now: datetime,
    restrictions: tuple[BudgetState, ScheduleState],
    ours: str | None = None,
) -> tuple[Plan, str | None]:
    """Return the plan, and who holds the environment's lock; `ours` is a holder that counts as nobody."""
    spec = work.spec(environment)
    key = _key(work, environment)
    budget, schedule = restrictions
    found, context = resources.observe(session, spec)
    locked_by = context.lock_holder if context.lock_holder != ours else None
    context = replace(
        context,
        restricted=budget.owned_settings - schedule.owned_settings,
        closed=schedule.owned_settings,
        lock_holder=locked_by,
    )
    steps = provisioning_plan.plan(
        spec,
        found,
        now,
        fingerprint=key.fingerprint if key is not None else None,
        public_key=key.body if key is not None else None,
        context=context,
        prices=work.prices,
    )
    return steps, locked_by


def _restrictions(work: Workspace, environment: str) -> tuple[BudgetState, ScheduleState]:
    """What the environment's budget restricts, and what its schedule; where nothing is provisioned yet, nothing."""
    try:
        with work.control() as session:
            budgets, hours = schedules.restrictions_of(session, environment)
    except MissingError:
        budgets, hours = {}, {}
    return budgets.get(environment, BudgetState(environment)), hours.get(environment, ScheduleState(environment))


def _key(work: Workspace, environment: str) -> PublicKey | None:
    """The public half of the connection's key; None where it logs in by other means."""
    spec = work.spec(environment)
    settings = work.connections(spec.connection)
    if (
        settings.user is not None and settings.user.upper() != spec.access.user.name.upper()
    ):  # a log-in does not mind the case
        raise SpecError(
            f"the environment's connection logs in as {settings.user}, but access.user is {spec.access.user}",
            where=f"Airflow connection {spec.connection}: login",
            value=settings.user,
            good=str(spec.access.user),
            untouched="everything",
        )
    return settings.public_key()


def _report(environment: str, first: Plan, rest: Plan, sent: int) -> Provisioned:
    lines = [
        " ".join(part for part in (line.action, line.subject, line.detail) if part)
        for plan in (first, rest)
        for line in explain(plan)
    ]
    return Provisioned(environment, tuple(lines), sent, rest.notes)


def _record(session: Session, report: Provisioned, holder: str, actor: str, now: datetime) -> None:
    journal.append(
        session,
        Event(
            at=now,
            actor=actor or holder,
            environment=report.environment,
            kind=Kind.PROVISIONED,
            payload={"steps": list(report.steps), "holder": holder},
        ),
    )


__all__ = ["Provisioned", "as_text", "explain", "plan_provision", "provision"]
