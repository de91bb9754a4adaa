"""Before anything is changed: the upstream environment still passes, and the target can be promoted to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sluice.dbt import artifacts
from sluice.dbt.invoke import Invocation, run
from sluice.domain.names import Marker
from sluice.domain.promotion.contents import of_kinds
from sluice.domain.promotion.cutover import deployed
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, failed
from sluice.domain.promotion.gate_checks import judge_kinds
from sluice.domain.promotion.inventory import foreign_changes, from_json
from sluice.errors import RefusedError
from sluice.operations.heartbeat import heartbeat
from sluice.operations.promotion.gates import outside
from sluice.operations.promotion.planning import live_marker
from sluice.operations.promotion.sight import sight_of_all
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, observe, promotion_sql
from sluice.snowflake.contents import contents

_FRESH = {"pass": Verdict.PASS, "warn": Verdict.MARGINAL}


def check_source(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Know that the upstream environment is live with this release, passes its tests, and that sources are fresh."""
    with stage("check_source", work, deployment, now) as running:
        upstream = str(running.spec.upstream)
        marker = live_marker(work, upstream)
        if marker is None or marker.deployment is None or marker.release != deployment.release:
            raise RefusedError(
                f"{upstream} is not live with this release any more",
                where=f"environment {upstream}",
                value=marker.release if marker else None,
                good=deployment.release,
                untouched=deployment.environment,
            )
        call = dbt_builds.invocation(
            work, upstream, deployment.release, work.spec(upstream).database.name, deployment.id
        )
        with heartbeat(running) as beat:
            call = replace(call, may_go_on=beat.check)
            evidence = (*_validated(work, upstream, marker, call), *_freshness(work, upstream, marker, call))
        if failed(evidence):
            raise running.refuse(f"{upstream} does not pass", evidence, untouched=deployment.environment)
        return running.report(f"{upstream} is live with {deployment.release} and passes", {}, evidence)


def check_target(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Know that the target answers, compiles, can be recovered, and holds nothing that a swap would break."""
    with stage("check_target", work, deployment, now) as running:
        evidence = [_answers(running), _recoverable(running)]
        gates = work.gates(deployment.environment)
        if gates.object_kinds.enabled:
            refused = gates.object_kinds.refused
            with sight_of_all(running) as session:
                evidence.append(judge_kinds(of_kinds(contents(session, running.live, refused), refused)))
        if gates.outside_consumers.enabled:
            evidence.append(outside(running, gates))
        former = running.markers().get(running.live.name)
        evidence.append(_compiles(running, deployed(former)))
        if failed(evidence):
            raise running.refuse("the target is not fit", tuple(evidence), untouched=deployment.environment)
        return running.report(f"{running.live} can be promoted to", {}, tuple(evidence))


def _validated(work: Workspace, upstream: str, marker: Marker, call: Invocation) -> tuple[Evidence, ...]:
    """The upstream's own evidence, when nothing there has changed since; its tests run again otherwise."""
    with work.session(upstream, tag={"stage": "check_source"}) as session:
        lived = journal.lived(session, upstream, str(marker.deployment))
        now = observe.inventory(session, work.spec(upstream).database.name)
    if lived is not None:
        recorded = lived.payload.get("evidence")
        evidence = tuple(Evidence.from_json(piece) for piece in recorded) if isinstance(recorded, list) else ()
        if evidence and not failed(evidence) and not foreign_changes(from_json(lived.payload.get("inventory")), now):
            seen = f"{len(evidence)} gates passed when it went live; nothing has changed since"
            return (Evidence("upstream evidence", Verdict.PASS, seen, "0 failed", (str(marker.deployment),)),)
    run(call, ["test", "--exclude", dbt_builds.AFTER], check=False)
    results = artifacts.results(call.artifacts / "run_results.json")
    gates = work.gates(upstream)
    return (dbt_builds.dbt_evidence(gates.dbt, results),)


def _freshness(work: Workspace, upstream: str, marker: Marker, call: Invocation) -> tuple[Evidence, ...]:
    manifest = artifacts.fetch(work.store, upstream, str(marker.deployment), "manifest.json", call.home / "upstream")
    if manifest is None or not artifacts.has_freshness(manifest):
        return ()
    run(call, ["source", "freshness"], check=False)
    freshness = artifacts.freshness(call.artifacts / "sources.json")
    verdicts = {_FRESH.get(status, Verdict.FAIL) for _, status in freshness} | {Verdict.PASS}
    worst = next(verdict for verdict in (Verdict.FAIL, Verdict.MARGINAL, Verdict.PASS) if verdict in verdicts)
    stale = tuple(f"{source}: {status}" for source, status in freshness if status != "pass")
    return (Evidence("source freshness", worst, f"{len(stale)} of {len(freshness)} sources stale", "0", stale),)


def _answers(running: Stage) -> Evidence:
    running.session.run(promotion_sql.reachable())
    return Evidence("reachable", Verdict.PASS, f"{running.spec.warehouse.name} answers", "answers")


def _recoverable(running: Stage) -> Evidence:
    """A mistake in live can be undone for a day at least: permanent, with a retention."""
    found = [each for each in observe.databases(running.session, running.live.name) if each.name == running.live]
    days = found[0].retention_days if found and not found[0].transient else 0
    seen = "transient" if found and found[0].transient else f"{days} days of time travel"
    return Evidence("recoverable", Verdict.PASS if days >= 1 else Verdict.FAIL, seen, "permanent, ≥ 1 day")


def _compiles(running: Stage, former: str | None) -> Evidence:
    """What is to be built compiles against live; on a first deployment there is nothing yet to compile against."""
    environment, release = running.deployment.environment, running.deployment.release
    call = dbt_builds.invocation(running.work, environment, release, running.live, running.deployment.id)
    if former is None:
        run(call, ["parse"])
        return Evidence("compiles", Verdict.PASS, "parses; live is empty, so nothing is compiled against it", "parses")
    selection = dbt_builds.select(running.work, call, environment, former, everything=running.deployment.full_refresh)
    ended = run(call, ["compile", *selection.options], check=False)
    verdict = Verdict.PASS if ended.succeeded else Verdict.FAIL
    return Evidence("compiles", verdict, selection.why, "compiles", ended.failures)
