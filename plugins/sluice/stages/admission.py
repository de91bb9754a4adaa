"""Admission on an account: a planned deployment's cost, predicted from the journal's builds, against its budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sluice.domain.admission import Built, Unknown, admit, predict
from sluice.domain.blocks import AtLimit
from sluice.domain.budgets import BudgetPolicy
from sluice.domain.deployments import Deployment, StageReport
from sluice.domain.events import Event
from sluice.domain.gates import Evidence, failed
from sluice.domain.guards import Guard
from sluice.domain.prices import Prices
from sluice.domain.sizes import Size
from sluice.domain.specs import EnvironmentSpec
from sluice.errors import RefusedError
from sluice.snowflake import journal
from sluice.snowflake.failures import DeniedError, MissingError
from sluice.stages import budgets, metering
from sluice.stages.candidate import BUILT
from sluice.stages.workspace import Workspace


def admitted(
    work: Workspace, deployment: Deployment, report: StageReport, policy: BudgetPolicy, now: datetime
) -> StageReport:
    """Return the plan's report with what the deployment will likely cost; `now` is the account's own time.

    Raises:
        RefusedError: more than is left of the day's budget; nothing was changed.
    """
    told = expected(work, deployment, report, policy, now)
    spec = work.including(deployment.environment).spec(deployment.environment)
    for one in told.evidence:
        _refuse(one, spec, f'sluice budget override {spec.name} --usd 20 --hours 4 --reason "…"; or tomorrow')
    return told


def expected(
    work: Workspace, deployment: Deployment, report: StageReport, policy: BudgetPolicy, now: datetime
) -> StageReport:
    """Return the plan's report with what the deployment will likely cost and whether that would be admitted."""
    if not policy.admission.enabled:
        return report
    built = report.facts.get("built")
    models = [str(one) for one in built] if isinstance(built, list) else None
    spec = work.including(deployment.environment).spec(deployment.environment)
    found = judge(work, spec, policy, now, models=models, everything=deployment.full_refresh)
    return replace(report, evidence=(*report.evidence, found))


def first_build(work: Workspace, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime) -> tuple[Evidence, ...]:
    """Return what the first build in an environment that is not there yet will likely cost, by those of its kind.

    Making it costs nothing that counts: a clone copies no data, and a warehouse is made suspended.

    Raises:
        RefusedError: more than its budget of a day; nothing was changed.
    """
    if not policy.admission.enabled:
        return ()
    kin = tuple(name for name, life in work.lives().items() if life.spec.kind is spec.kind)
    found = judge(work, spec, policy, now, like=kin)
    _refuse(found, spec, "a larger budget, a smaller warehouse, or another kind")
    return (found,)


def _refuse(found: Evidence, spec: EnvironmentSpec, good: str) -> None:
    if failed((found,)):
        raise RefusedError(
            f"{found.gate}: {found.observed}; {found.limit}",
            where=f"environment {spec.name}",
            good=good,
            untouched="everything",
        )


def judge(
    work: Workspace,
    spec: EnvironmentSpec,
    policy: BudgetPolicy,
    now: datetime,
    *,
    models: list[str] | None = None,
    everything: bool = False,
    like: tuple[str, ...] = (),
) -> Evidence:
    """Return what building in an environment will likely cost, against what is left of its day.

    `like` are the environments whose builds count; none named: its own. The look-ups are as many for any number.
    """
    names = like or (spec.name,)
    watched = spec.kind == "production" or spec.budget.at_limit is AtLimit.WATCH
    try:
        with work.control() as session:
            events = journal.read(session, environment=None if like else spec.name, kinds=(BUILT,))
            guard = budgets.read(session).get(spec.name, Guard(spec.name))
        spend = metering.measure(work, now, record=False).spends.get(spec.name)
    except (MissingError, DeniedError) as unread:
        nothing = Unknown(f"what was built, or spent, cannot be read: {unread.message}")
        return admit(nothing, float(spec.budget.daily_usd), policy.admission, watched=watched)
    rate = _rate(spec, work.prices)
    builds = [
        one
        for one in (_built(event, work.prices, rate) for event in events if event.environment in names)
        if one is not None
    ]
    found = predict(
        builds,
        models,
        everything=everything,
        credits_per_hour=rate,
        credit_usd=float(work.prices.credit_usd),
        block=policy.admission,
    )
    left = float(spec.budget.daily_usd) + guard.more(now) - (spend.day.usd if spend is not None else 0.0)
    return admit(found, left, policy.admission, watched=watched)


def _rate(spec: EnvironmentSpec, prices: Prices) -> float:
    """Credits an hour while it builds."""
    size = spec.warehouse.promoting
    return prices.rate(size, spec.warehouse.generation) or float(size.credits_per_hour)


def _built(event: Event, prices: Prices, otherwise: float) -> Built | None:
    """A build in the journal; one that does not say what each model took predicts nothing."""
    said, size = event.payload.get("model_seconds"), event.payload.get("size")
    if not isinstance(said, Mapping) or not said:
        return None
    rate = prices.rate(Size(str(size)), str(event.payload.get("generation") or "1")) if size else None
    return Built(
        seconds=float(str(event.payload["build_seconds"])),
        credits_per_hour=rate or otherwise,
        everything=bool(event.payload.get("everything")),
        models={str(name): float(str(seconds)) for name, seconds in said.items()},
    )
