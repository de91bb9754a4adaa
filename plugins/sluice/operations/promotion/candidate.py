"""The candidate: the undo is recorded, live is cloned beside itself, and dbt builds there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from time import monotonic

from sluice.dbt import artifacts
from sluice.domain.journal.events import Kind
from sluice.domain.names import Identifier, Marker, candidate_name, deployment_id
from sluice.domain.promotion import database_rights
from sluice.domain.promotion.contents import vanishing
from sluice.domain.promotion.cutover import Exchange, deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.inventory import missing_from_clone, to_json
from sluice.errors import RefusedError, StopError
from sluice.operations.heartbeat import heartbeat
from sluice.operations.promotion.sight import rights_on, sight_of_all
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, own_marker, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import contents, observe, promotion_sql
from sluice.snowflake.statements import drop_database

CLONED, BUILDING, BUILT, DROPPED = STEPS = (
    "candidate.cloned", "candidate.building", "candidate.built", "candidate.dropped",
)  # fmt: skip


def record_undo(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have in the journal what undoes this deployment, before its first change; the first record stands."""
    with stage("record_undo", work, deployment, now) as running:
        wanted = Marker(deployment.environment, deployment.id, deployment.release)
        former = _adopted(
            running, own_marker(deployment.environment, running.live, running.markers()[running.live.name])
        )
        exchange = Exchange(
            live=running.live.name,
            incoming=candidate_name(running.live, deployment.id).name,
            wanted=wanted,
            former=former,
            drops_incoming=True,
        )
        if former != wanted:
            running.note(Kind.UNDO_RECORDED, exchange.to_json(), once=True)
        inverse = f"swap {exchange.live} back with {exchange.incoming} or {exchange.parking}, drop the candidate"
        return running.report(f"live bears {named(former)}; undo is known", {"undo": inverse})


def _adopted(running: Stage, marker: Marker) -> Marker:
    """Give live an id if it has none: a database that somebody has adopted can come back by it like any other."""
    if marker.deployment is not None:
        return marker
    first = deployment_id(running.now, f"{marker.environment} adopted {running.deployment.id}")
    adopted = Marker(marker.environment, first, marker.release)
    running.session.run(promotion_sql.mark(running.live, adopted))
    return adopted


def clone(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have a candidate: a clone of live, marked, complete; nobody but its owner may enter it."""
    with stage("clone", work, deployment, now) as running:
        exchange = running.exchange()
        markers = running.markers()
        if markers.get(exchange.live) == exchange.wanted:
            return running.report("live bears this deployment already", {"live_already": True})
        state = _state(running, exchange, markers)
        if state in {CLONED, BUILT}:
            return running.report(f"{exchange.incoming} is there already", {"candidate": exchange.incoming})
        return running.report(f"{exchange.incoming} is a clone of {exchange.live}", _clone(running, exchange, markers))


def build(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have dbt's build in the candidate, from live's state: only what changed, and without what left the project."""
    with stage("build", work, deployment, now) as running:
        exchange = running.exchange()
        markers = running.markers()
        if markers.get(exchange.live) == exchange.wanted:
            return running.report("live bears this deployment already", {"live_already": True})
        state = _state(running, exchange, markers)
        if state == BUILT:
            return running.report(f"{exchange.incoming} is built already", running.recall(BUILT)[-1].payload)
        if state != CLONED:  # a build that died half-way: incremental models must go on from live's state, not from its
            _clone(running, exchange, markers)
        running.note(BUILDING, {"candidate": exchange.incoming})
        facts = _build(running, exchange)
        summary = f"{facts['built']} models built, {facts['tests']} tests run in {facts['build_seconds']} s"
        return running.report(summary, facts)


def drop(running: Stage, name: str, wanted: Marker) -> None:
    """Leave no candidate of that name; only what bears this deployment's marker is dropped."""
    markers = running.markers()
    if name in markers and markers[name] != wanted:
        raise StopError(
            f"{name} bears {named(markers[name])}, so it is not ours to drop",
            where=name,
            value=named(wanted),
            untouched=name,
        )
    running.session.run(drop_database(Identifier.from_account(name)))
    running.note(DROPPED, {"candidate": name})


def _state(running: Stage, exchange: Exchange, markers: dict[str, Marker | None]) -> str:
    """What was last done to the candidate that is there; `candidate.dropped` when there is none."""
    if exchange.incoming not in markers:
        return DROPPED
    events = running.recall(CLONED, BUILDING, BUILT, DROPPED)
    return events[-1].kind if events else BUILDING


def _clone(running: Stage, exchange: Exchange, markers: dict[str, Marker | None]) -> dict[str, object]:
    if markers.get(exchange.live) != exchange.former:
        raise StopError(
            f"{exchange.live} bears {named(markers.get(exchange.live))}, but {named(exchange.former)} was recorded",
            where=exchange.live,
            good="a new deployment, which starts from what is live now",
            untouched=exchange.live,
        )
    candidate = Identifier.from_account(exchange.incoming)
    if exchange.incoming in markers:
        drop(running, exchange.incoming, exchange.wanted)
    with sight_of_all(running) as session:
        before = observe.inventory(running.session, running.live)
        held = contents.contents(session, running.live, contents.COMMON)
        running.session.run(promotion_sql.clone(running.live, candidate, exchange.wanted))
        gone = vanishing(held, contents.contents(session, candidate, contents.COMMON))
        rights = rights_on(running, session, candidate)
    missing = [
        *(f"{thing}: not in the clone" for thing in gone),
        *missing_from_clone(before, observe.inventory(running.session, candidate)),
    ]
    if missing:
        drop(running, exchange.incoming, exchange.wanted)
        raise RefusedError(
            f"the clone is not what live is: {'; '.join(missing[:10])}",
            where=exchange.incoming,
            good="a role that owns or may read everything in live, and nobody writing meanwhile; run again",
            untouched=exchange.live,
        )
    held_rights = database_rights.to_json(rights[running.live])
    running.note(CLONED, {"candidate": exchange.incoming, "live": to_json(before), "rights": held_rights})
    return {"candidate": exchange.incoming, "relations": len(before)}


def _build(running: Stage, exchange: Exchange) -> dict[str, object]:
    """Build in the candidate, note it as built, and return the build's facts."""
    deployment, environment = running.deployment, running.deployment.environment
    candidate = Identifier.from_account(exchange.incoming)
    former = deployed(exchange.former)
    call = dbt_builds.invocation(running.work, environment, deployment.release, candidate, deployment.id)
    selection = dbt_builds.select(running.work, call, environment, former, everything=deployment.full_refresh)
    started = monotonic()
    with heartbeat(running) as beat:
        watched = replace(call, may_go_on=beat.check)
        results = dbt_builds.run_build(watched, selection.options, full=deployment.full_refresh)
    seconds = round(monotonic() - started, 1)
    changes = selection.changes({result.id for result in results})
    inventory = observe.inventory(running.session, candidate)
    gone = [name for name in changes.removed if name in inventory]
    for name in gone:
        running.session.run(promotion_sql.drop_relation(candidate, name, inventory[name].kind))
    dbt_builds.keep_settings(running.work, call, environment, deployment.id)
    dbt_builds.keep_outcomes(running.work, selection, environment, deployment.id, former)
    links = artifacts.keep(running.work.store, environment, deployment.id, artifacts.written(call.artifacts))
    facts: dict[str, object] = {
        "built": sum(1 for result in results if result.built),
        "tests": sum(1 for result in results if result.tested),
        "kept": len(changes.kept),
        "removed": gone,
        "history_kept": [name for name in changes.history if name in inventory],
        "why": selection.why,
        "build_seconds": seconds,
        "artifacts": links,
    }
    everything = deployment.full_refresh or not selection.options
    running.note(BUILT, {**facts, **dbt_builds.effort(running.spec, results, everything=everything)})
    if any(result.failed for result in results):
        return facts
    with heartbeat(running) as beat:
        watched = replace(call, may_go_on=beat.check)
        return dbt_builds.with_docs(running.work, watched, environment, deployment.id, facts)
