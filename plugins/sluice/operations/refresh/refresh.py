"""A refresh in place: the working project becomes a release, and its environment is built and tested from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from time import monotonic

from sluice.dbt import artifacts, releases
from sluice.dbt.invoke import Invocation, run
from sluice.domain.journal.events import Kind
from sluice.domain.names import Marker, deployment_id
from sluice.domain.promotion.cutover import deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, failed
from sluice.domain.promotion.gate_checks import judge_quality
from sluice.domain.promotion.inventory import Inventory, Relation, foreign_changes, from_json, to_json
from sluice.errors import SpecError, StopError
from sluice.operations.heartbeat import heartbeat
from sluice.operations.promotion.candidate import BUILT
from sluice.operations.promotion.lock_and_scale import lock, scale_down, scale_up, unlock
from sluice.operations.promotion.planning import live_marker
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, StageFunction, stage
from sluice.operations.validation.project_check import cautions
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, observe, promotion_sql


def plan(
    work: Workspace, environment: str, *, full_refresh: bool = False, reason: str = "", actor: str = "", now: datetime
) -> tuple[Deployment, StageReport]:
    """Return the refresh that is asked for: the working project is a release in the store, the account is untouched."""
    spec = work.spec(environment)
    if spec.promotion.strategy != "in_place":
        raise SpecError(
            f"{environment} is not refreshed in place: its strategy is {spec.promotion.strategy}",
            where=f"environments.{environment}.promotion.strategy",
            value=environment,
            good=", ".join(n for n, one in work.environments.items() if one.promotion.strategy == "in_place")
            or "in_place",
            untouched="everything",
        )
    marker = live_marker(work, environment)
    release = releases.register(work.store, work.project, now=now, actor=actor)
    deployment = Deployment(
        id=deployment_id(now, f"{environment} {now.isoformat()} {actor} refresh"),
        environment=environment,
        kind="refresh",
        release=release.id,
        full_refresh=full_refresh,
        reason=reason,
        actor=actor,
        project=release.project,
    )
    call = dbt_builds.invocation(work, environment, release.id, spec.database.name, deployment.id)
    run(call, ["parse"])  # what dbt refuses is known before anything is locked; the build goes on from this parse
    facts = {
        "project": release.project,
        "release": release.id,
        "files": len(release.files),
        "commit": release.git_commit,
        "live_now": named(marker),
        "cautions": list(cautions(work, spec, call.artifacts / "manifest.json")),
    }
    already = marker is not None and marker.release == release.id
    return deployment, StageReport("plan", f"{release.id} → {environment}", {**facts, "live_already": already})


def build_in_place(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have the release built and tested in the environment itself: all of it, or what changed where no source did."""
    with stage("build_in_place", work, deployment, now) as running:
        marker = running.markers().get(running.live.name)
        sources = _sources(running)
        former = deployed(marker)
        everything = deployment.full_refresh or marker is None or _stale(running, marker, sources)
        call = dbt_builds.invocation(work, deployment.environment, deployment.release, running.live, deployment.id)
        selection = _selection(running, call, former, everything=everything)
        started = monotonic()
        with heartbeat(running) as beat:
            watched = replace(call, may_go_on=beat.check)
            results = dbt_builds.run_build(watched, selection.options, full=deployment.full_refresh)
        facts: dict[str, object] = {
            "built": sum(1 for result in results if result.built),
            "tests": sum(1 for result in results if result.tested),
            "removed": _remove(running, selection.changes({result.id for result in results}).removed),
            "why": selection.why,
            "build_seconds": round(monotonic() - started, 1),
        }
        evidence = _evidence(running, selection, results, former)
        facts["artifacts"] = _keep(running, selection)
        effort = dbt_builds.effort(running.spec, results, everything=everything or not selection.options)
        more = {"sources": to_json(sources), "evidence": [each.to_json() for each in evidence]}
        running.note(BUILT, {**facts, **effort, **more})
        if failed(evidence):
            raise running.refuse("the build does not pass", evidence, untouched="every other environment")
        with heartbeat(running) as beat:
            watched = replace(call, may_go_on=beat.check)
            facts = dbt_builds.with_docs(work, watched, deployment.environment, deployment.id, facts)
        return running.report(
            f"{facts['built']} models, {facts['tests']} tests in {facts['build_seconds']} s", facts, evidence
        )


def register(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have the environment say that it holds this release, and the release open for promotion."""
    with stage("register", work, deployment, now) as running:
        built = running.recall(BUILT)
        if not built:
            raise StopError(
                "no build is noted for this deployment", where=running.live.name, untouched=running.live.name
            )
        wanted = Marker(deployment.environment, deployment.id, deployment.release)
        running.session.run(promotion_sql.mark(running.live, wanted))
        links = dbt_builds.artifact_links(
            work, deployment.environment, deployment.id, built[-1].payload.get("artifacts")
        )
        facts = {"live": deployment.id, "release": deployment.release, "artifacts": links}
        more = {key: built[-1].payload.get(key) for key in ("evidence", "sources")}
        inventory = to_json(observe.inventory(running.session, running.live))
        running.note(Kind.LIVE, {**facts, **more, "inventory": inventory}, once=True)
        running.note(Kind.RELEASED, {"release": deployment.release}, once=True)
        return running.report(f"release {deployment.release} is open for promotion", facts)


STAGES: dict[str, StageFunction] = {
    "lock": lock,
    "scale_up": scale_up,
    "build_in_place": build_in_place,
    "register": register,
    "scale_down": scale_down,
    "unlock": unlock,
}


def _selection(running: Stage, call: Invocation, former: str | None, *, everything: bool) -> dbt_builds.Selection:
    """The first build of a clone goes on from the release that its base bore."""
    environment = running.deployment.environment
    life = None if running.spec.kind.standing or former is not None else running.work.lives().get(environment)
    if life is not None and life.cloned is not None and not running.deployment.full_refresh:
        return dbt_builds.select_against_base(running.work, call, life.cloned)
    return dbt_builds.select(running.work, call, environment, former, everything=everything)


def _sources(running: Stage) -> dict[str, Relation]:
    """What the source databases hold, so that the next refresh knows whether anything came in."""
    found: dict[str, Relation] = {}
    for database in running.spec.sources:
        found |= {
            f"{database}.{name}": relation for name, relation in observe.inventory(running.session, database).items()
        }
    return found


def _stale(running: Stage, marker: Marker, sources: Inventory) -> bool:
    """Whether anything but the project changed since the last refresh, or a build failed half-way since."""
    session, environment = running.session, running.deployment.environment
    lived = journal.lived(session, environment, str(marker.deployment))
    if lived is None:
        return True
    later = journal.read(session, environment=environment, kinds=[Kind.LIVE, BUILT, Kind.FAILED], since=lived.at)
    if any(event.deployment != marker.deployment for event in later):
        return True
    return bool(foreign_changes(from_json(lived.payload.get("sources")), sources))


def _remove(running: Stage, removed: tuple[str, ...]) -> list[str]:
    found = observe.inventory(running.session, running.live) if removed else {}
    gone = [name for name in removed if name in found]
    for name in gone:
        running.session.run(promotion_sql.drop_relation(running.live, name, found[name].kind))
    return gone


def _evidence(
    running: Stage, selection: dbt_builds.Selection, results: tuple[artifacts.Result, ...], former: str | None
) -> tuple[Evidence, ...]:
    environment, key = running.deployment.environment, running.deployment.id
    gates = running.work.gates(environment)
    dbt_builds.keep_outcomes(running.work, selection, environment, key, former)
    found = []
    if gates.dbt.enabled:
        found.append(dbt_builds.dbt_evidence(gates.dbt, results))
    if gates.quality.enabled:
        found.append(judge_quality(gates.quality, dbt_builds.outcomes(running.work, environment, key)))
    return tuple(found)


def _keep(running: Stage, selection: dbt_builds.Selection) -> dict[str, str]:
    environment, key, call = running.deployment.environment, running.deployment.id, selection.call
    dbt_builds.keep_settings(running.work, call, environment, key)
    return artifacts.keep(running.work.store, environment, key, artifacts.written(call.artifacts))
