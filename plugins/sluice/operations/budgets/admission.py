"""Admission on an account: a planned deployment's cost, predicted from the journal's builds, against its budget."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sluice.domain.budgets.admission import PastBuild, Unknown, admit, predict
from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.prices import Prices
from sluice.domain.journal.events import Event
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, failed
from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import AtLimit
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError
from sluice.operations.budgets import budgets, metering
from sluice.operations.promotion.candidate import BUILT
from sluice.operations.provisioning.provisioned import nothing_provisioned
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import journal
from sluice.snowflake.error_mapping import DeniedError, MissingError

_REMEMBERED = timedelta(days=90)
"""How old builds may be that a prediction rests on."""


def admitted(
    work: Workspace, deployment: Deployment, report: StageReport, policy: BudgetPolicy, now: datetime
) -> StageReport:
    """Return the plan's report with what the deployment will likely cost; `now` is the account's own time.

    Raises:
        RefusedError: more than is left of the day's budget; nothing was changed.
    """
    prediction = expected(work, deployment, report, policy, now)
    spec = work.including(deployment.environment).spec(deployment.environment)
    for one in prediction.evidence:
        _refuse(one, spec, f'sluice budget override {spec.name} --usd 20 --hours 4 --reason "…"; or tomorrow')
    return prediction


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


def next_build(work: Workspace, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime) -> tuple[Evidence, ...]:
    """Return what the build that follows on a fresh clone will likely cost: by its own, or with too few by its kind's.

    The clone itself costs nothing that counts: it copies no data, and a new warehouse is made suspended.

    Raises:
        RefusedError: more than is left of its day's budget; nothing was changed.
    """
    found = expected_next(work, spec, policy, now)
    for one in found:
        _refuse(one, spec, "a larger budget, a smaller warehouse, an override, or tomorrow")
    return found


def expected_next(work: Workspace, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime) -> tuple[Evidence, ...]:
    """Return the same, and whether it would be admitted."""
    if not policy.admission.enabled:
        return ()
    kin = {name for name, life in work.lives().items() if life.spec.kind is spec.kind}
    return (judge(work, spec, policy, now, kin=frozenset(kin)),)


def _refuse(found: Evidence, spec: EnvironmentSpec, good: str) -> None:
    if failed((found,)):
        raise RefusedError(
            f"{found.gate}: {found.observed}; {found.limit}",
            where=f"environment {spec.name}",
            good=good,
            untouched="everything",
        )


@in_one_session
def judge(
    work: Workspace,
    spec: EnvironmentSpec,
    policy: BudgetPolicy,
    now: datetime,
    *,
    models: list[str] | None = None,
    everything: bool = False,
    kin: frozenset[str] = frozenset(),
) -> Evidence:
    """Return what building in an environment will likely cost, against what is left of its day.

    Its own builds count; where there are too few of them, those of its `kin`. The look-ups are as many for any number.
    """
    watched = spec.kind == "production" or spec.budget.at_limit is AtLimit.WATCH
    try:
        with work.control() as session:
            whose = None if kin else spec.name
            events = journal.read(session, environment=whose, kinds=(BUILT,), since=now - _REMEMBERED)
            guard = budgets.state_of(session, spec.name)
            measured = metering.measure(work, now, record=False)
    except (MissingError, DeniedError) as unread:
        return admit(
            Unknown(_why_unread(work, unread)), float(spec.budget.daily_usd), policy.admission, watched=watched
        )
    rate = _rate(spec, work.prices)
    own = _builds(events, {spec.name}, work.prices, rate)
    builds = own if len(own) >= policy.admission.at_least else _builds(events, {spec.name, *kin}, work.prices, rate)
    found = predict(
        builds,
        models,
        everything=everything,
        credits_per_hour=rate,
        credit_usd=measured.credit_usd,
        block=policy.admission,
    )
    spend = measured.spends.get(spec.name)
    left = float(spec.budget.daily_usd) + guard.extra_usd(now) - (spend.day.usd if spend is not None else 0.0)
    return admit(found, left, policy.admission, watched=watched)


def _why_unread(work: Workspace, unread: RefusedError) -> str:
    """Why nothing is predicted: a first look at an empty account is not a fault."""
    if isinstance(unread, MissingError) and nothing_provisioned(work):
        return "nothing was provisioned yet"
    return f"what was built, or spent, cannot be read: {' '.join(unread.message.split())}"


def _rate(spec: EnvironmentSpec, prices: Prices) -> float:
    """Credits an hour while it builds."""
    size = spec.warehouse.promoting
    return prices.rate(size, spec.warehouse.generation) or float(size.credits_per_hour)


def _builds(events: Iterable[Event], names: Collection[str], prices: Prices, otherwise: float) -> list[PastBuild]:
    found = (_built(event, prices, otherwise) for event in events if event.environment in names)
    return [one for one in found if one is not None]


def _built(event: Event, prices: Prices, otherwise: float) -> PastBuild | None:
    """A build in the journal; one that does not say what each model took predicts nothing."""
    said, size = event.payload.get("model_seconds"), event.payload.get("size")
    if not isinstance(said, Mapping) or not said:
        return None
    rate = prices.rate(Size(str(size)), str(event.payload.get("generation") or "1")) if size else None
    return PastBuild(
        seconds=float(str(event.payload["build_seconds"])),
        credits_per_hour=rate or otherwise,
        everything=bool(event.payload.get("everything")),
        models={str(name): float(str(seconds)) for name, seconds in said.items()},
    )
