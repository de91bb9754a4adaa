"""Provisioning an environment: observe, plan, explain, apply; run again, it finds nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.journal.events import Event, Kind
from sluice.domain.provisioning import plan as provisioning_plan
from sluice.domain.provisioning.steps import Plan, Step, as_text, explain
from sluice.domain.schedules.schedule_state import ScheduleState
from sluice.errors import RefusedError, SluiceError, SpecError
from sluice.operations.schedules import schedules
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, resources, statements
from sluice.snowflake.apply import apply
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.keys import PublicKey

_LEASE = 900


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


def plan_provision(work: Workspace, environment: str, now: datetime) -> Plan:
    """Return the steps that would bring the account to the spec; nothing is changed."""
    with work.admin(environment) as session:
        return _plan(work, session, environment, now)


def provision(
    work: Workspace,
    environment: str,
    now: datetime,
    *,
    holder: str,
    actor: str = "",
    done: Callable[[Step], None] = lambda _: None,
) -> Provisioned:
    """Leave the environment as its spec says, under its lock; `holder` names the run, so that a retry goes on."""
    guard, closing = _held(work, environment)
    if guard.restriction is Restriction.SUSPENDED:
        raise RefusedError(
            f"its budget has suspended it: {guard.reason}",
            where=f"environment {environment}",
            good=f"sluice budget resume {environment}, or: sluice budget override {environment}",
            untouched="everything",
        )
    with work.admin(environment) as session:
        first = provisioning_plan.foundation(_plan(work, session, environment, now))
        sent = apply(session, first, done)
        spec = work.spec(environment)
        usable = control_warehouse(spec.control_database) if closing.owned_settings else spec.warehouse.name
        session.run(statements.use_warehouse(usable))
        locks.acquire(session, environment, holder, _LEASE, actor=actor)
        try:
            rest = _plan(work, session, environment, now, ours=holder)
            sent += apply(session, rest, done)
            report = _report(environment, first, rest, sent)
            if report.steps:
                _record(session, report, holder, actor, now)
        except SluiceError:
            with suppress(SluiceError):  # the first error is the one to read; a lock left over has a lease
                locks.release(session, environment, holder, actor=actor)
            raise
        locks.release(session, environment, holder, actor=actor)
    return report


def _plan(work: Workspace, session: Session, environment: str, now: datetime, ours: str | None = None) -> Plan:
    spec = work.spec(environment)
    key = _key(work, environment)
    guard, closing = _held(work, environment)
    found, circumstances = resources.observe(session, spec)
    circumstances = replace(
        circumstances, restricted=guard.owned_settings - closing.owned_settings, closed=closing.owned_settings
    )
    if ours is not None and circumstances.lock_holder == ours:
        circumstances = replace(circumstances, lock_holder=None)
    return provisioning_plan.plan(
        spec,
        found,
        now,
        fingerprint=key.fingerprint,
        public_key=key.body,
        context=circumstances,
        prices=work.prices,
    )


def _held(work: Workspace, environment: str) -> tuple[BudgetState, ScheduleState]:
    """What the environment's budget holds, and what the clock; where nothing is provisioned yet, nothing."""
    try:
        with work.control() as session:
            guards, closings = schedules.lock_held(session, environment)
    except MissingError:
        guards, closings = {}, {}
    return guards.get(environment, BudgetState(environment)), closings.get(environment, ScheduleState(environment))


def _key(work: Workspace, environment: str) -> PublicKey:
    spec = work.spec(environment)
    settings = work.connections(spec.connection)
    if settings.user.upper() != spec.access.user.name.upper():  # a log-in does not mind the case
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
