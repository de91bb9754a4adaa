"""The plan of a promotion: what would change, known by reading alone."""

from __future__ import annotations

from datetime import datetime

from sluice.dbt import artifacts, releases
from sluice.dbt.invoke import Invocation
from sluice.domain.names import Marker, candidate_name, deployment_id
from sluice.domain.promotion.cutover import deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.promotion_plan import PromotionPlan, released_upstream
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SpecError, StopError
from sluice.operations.promotion.gates import gate_names
from sluice.operations.promotion.plan_facts import background
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import own_marker
from sluice.operations.validation.project_check import cautions
from sluice.operations.workspace import Workspace
from sluice.snowflake import observe


def plan(
    work: Workspace,
    environment: str,
    *,
    release: str | None = None,
    full_refresh: bool = False,
    keep_candidate: bool = False,
    reason: str = "",
    actor: str = "",
    now: datetime,
) -> tuple[Deployment, StageReport]:
    """Return the deployment that is asked for, and the report of its plan; nothing has changed."""
    spec = work.spec(environment)
    if spec.promotion.strategy != "blue_green" or spec.upstream is None:
        raise SpecError(
            f"{environment} is not promoted to: its strategy is {spec.promotion.strategy}",
            where=f"environments.{environment}.promotion",
            value=environment,
            good=", ".join(name for name, other in work.environments.items() if other.upstream)
            or "an upstream in the spec",
            untouched="everything",
        )
    upstream = live_marker(work, spec.upstream)
    wanted = _release(work, spec, release, upstream)
    facts = releases.find(work.store, wanted)
    deployment = Deployment(
        id=deployment_id(now, f"{environment} {now.isoformat()} {actor}"),
        environment=environment,
        kind="promotion",
        release=wanted,
        full_refresh=full_refresh,
        keep_candidate=keep_candidate or spec.promotion.keep_candidate,
        reason=reason,
        actor=actor,
        project=facts.project,
    )
    promotion = _plan(work, deployment, facts.git_commit, live_marker(work, environment), upstream)
    summary = (
        f"{wanted} → {environment}: {len(promotion.changes.built)} built, {len(promotion.changes.kept)} kept, "
        f"{len(promotion.changes.removed)} removed"
    )
    return deployment, StageReport("plan", summary, promotion.to_json())


def live_marker(work: Workspace, environment: str) -> Marker:
    """Return what live of an environment bears, read as that environment.

    Raises:
        StopError: there is no live database, or it does not say that it is this environment's.
    """
    spec = work.spec(environment)
    with work.session(environment, tag={"stage": "plan"}) as session:
        markers = observe.markers(session, spec.database.name.name)
    if spec.database.name.name not in markers:
        raise StopError(
            f"the live database of {environment} is not there",
            where=f"environment {environment}",
            value=spec.database.name.name,
            good=f"provision_environment with environment = {environment}",
            untouched="everything",
        )
    return own_marker(environment, spec.database.name, markers[spec.database.name.name])


def beside_live(work: Workspace, call: Invocation, environment: str) -> tuple[str, ...]:
    """Return the options by which dbt reads in live what a developer has not built: its manifest is compared with too.

    None where nothing is live yet, or its manifest is not in the store.
    """
    former = deployed(live_marker(work, environment))
    state = call.home / "state"
    kept = artifacts.fetch(work.store, environment, former, "manifest.json", state) if former else None
    return ("--defer", "--state", str(state)) if kept is not None else ()


def _release(work: Workspace, spec: EnvironmentSpec, asked: str | None, marker: Marker | None) -> str:
    lives: dict[str, str | None] = {}
    if asked is not None and (marker is None or marker.release != asked):
        for name in work.environments:
            found = live_marker(work, name)
            lives[name] = found.release if found else None
    return released_upstream(spec.name, spec.upstream, marker, asked, lives)


def _plan(
    work: Workspace, deployment: Deployment, commit: str | None, marker: Marker | None, upstream: Marker | None
) -> PromotionPlan:
    spec = work.spec(deployment.environment)
    live = spec.database.name
    former = deployed(marker)
    call = dbt_builds.invocation(work, spec.name, deployment.release, live, deployment.id)
    selection = dbt_builds.select(work, call, spec.name, former, everything=deployment.full_refresh)
    changes = dbt_builds.listed(selection)
    before, validation = background(work, spec, marker, upstream)
    wanted = spec.warehouse.promotion_size
    bigger = wanted is not None and wanted.credits_per_hour > spec.warehouse.size.credits_per_hour
    return PromotionPlan(
        deployment=deployment,
        commit=commit,
        upstream=str(spec.upstream),
        validation=validation,
        live=live.name,
        candidate=candidate_name(live, deployment.id).name,
        live_now=named(marker),
        before=before,
        live_already=marker is not None and marker.release == deployment.release,
        changes=changes,
        why=selection.why,
        approval=spec.promotion.approval,
        gates=gate_names(work.gates(spec.name)),
        warehouse=str(spec.warehouse.name),
        size=spec.warehouse.size.value,
        scale=(spec.warehouse.size.value, wanted.value) if wanted is not None and bigger else None,
        cautions=(
            *cautions(work, spec, call.artifacts / "manifest.json"),
            *(
                (f"which relations are removed is unknown: {selection.why}",)
                if former is not None and selection.former is None
                else ()
            ),
        ),
    )
