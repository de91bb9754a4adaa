"""A rollback: a retained deployment becomes live again by the very cut-over that a promotion uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sluice.domain.journal.events import Kind
from sluice.domain.names import Marker, deployment_id, retained_name
from sluice.domain.promotion.cutover import Exchange, deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.lineage import lineage
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, SpecError, StopError
from sluice.operations.promotion.cutover import cut_over
from sluice.operations.promotion.finalize import settle
from sluice.operations.promotion.lock_and_scale import lock, unlock
from sluice.operations.promotion.undo import undo
from sluice.operations.promotion.verification import verify
from sluice.operations.rollback.rows_since_cutover import note_arrivals
from sluice.operations.stage import StageFunction, own_databases, own_marker, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, observe
from sluice.snowflake.connect import Session

PREVIOUS = "previous"
ADOPTED = "none"
"""The release of what was there before the first deployment."""


def plan(
    work: Workspace, environment: str, *, deployment: str = PREVIOUS, reason: str, actor: str = "", now: datetime
) -> tuple[Deployment, StageReport]:
    """Return the rollback that is asked for, and the report of its plan; nothing has changed."""
    spec = work.spec(environment)
    if not reason.strip():
        raise SpecError(
            "a rollback says why",
            where="reason",
            value=reason,
            good="wrong totals in the orders mart",
            untouched=environment,
        )
    with work.session(environment, tag={"stage": "plan"}) as session:
        markers = own_databases(observe.markers(session, spec.database.name.name), spec.database.name)
        live = own_marker(environment, spec.database.name, markers.get(spec.database.name.name))
        restored = _restored(session, spec, markers, deployment)
    asked = Deployment(
        id=deployment_id(now, f"{environment} {now.isoformat()} {actor} rollback"),
        environment=environment,
        kind="rollback",
        release=restored.release or ADOPTED,
        reason=reason.strip(),
        actor=actor,
        restores=restored.deployment,
    )
    facts = {
        "live_now": named(live),
        "restores": restored.deployment,
        "release": restored.release,
        "reason": asked.reason,
    }
    return asked, StageReport("plan", f"{environment}: {named(live)} → {named(restored)}", facts)


def retained(markers: Mapping[str, Marker | None], spec: EnvironmentSpec) -> dict[str, Marker]:
    """Return what can come back in this environment, by its id: former deployments, and what was there before any."""
    deployments: dict[str, Marker] = {}
    for name, marker in markers.items():
        deployment = marker.deployment if marker is not None else None
        if marker is None or deployment is None or marker.environment != spec.name:
            continue
        if name == retained_name(spec.database.name, deployment).name:
            deployments[deployment] = marker
    return dict(sorted(deployments.items()))


def record_undo(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have in the journal what undoes this rollback, and what it takes away; the first record stands."""
    with stage("record_undo", work, deployment, now) as running:
        markers = running.markers()
        if running.recall(Kind.UNDO_RECORDED):
            return running.report("undo is known already")
        wanted = retained(markers, running.spec).get(str(deployment.restores))
        if wanted is None:
            raise StopError(
                "the deployment that should come back is not retained any more",
                where=f"environment {deployment.environment}",
                value=deployment.restores,
                good=", ".join(retained(markers, running.spec)) or "nothing is retained",
                untouched=running.live.name,
            )
        former = own_marker(deployment.environment, running.live, markers[running.live.name])
        incoming = retained_name(running.live, str(wanted.deployment)).name
        exchange = Exchange(running.live.name, incoming, wanted=wanted, former=former, drops_incoming=False)
        facts = note_arrivals(running, former)
        running.note(Kind.UNDO_RECORDED, exchange.to_json(), once=True)
        return running.report(f"live bears {named(former)}; undo is known", {"no_longer_live": facts})


STAGES: dict[str, StageFunction] = {
    "lock": lock,
    "record_undo": record_undo,
    "cut_over": cut_over,
    "verify": verify,
    "settle": settle,
    "undo": undo,
    "unlock": unlock,
}


def _restored(session: Session, spec: EnvironmentSpec, markers: Mapping[str, Marker | None], asked: str) -> Marker:
    restorable = retained(markers, spec)
    if not restorable:
        raise RefusedError(
            f"nothing is retained for {spec.name}: there is no deployment to roll back to",
            where=f"environment {spec.name}",
            value=asked,
            good="a promotion keeps the deployment that it replaces; repair by a new release",
            untouched="everything",
        )
    wanted = _previous(session, spec, markers, restorable) if asked == PREVIOUS else asked
    if wanted not in restorable:
        raise RefusedError(
            "this deployment is not retained",
            where=f"environment {spec.name}, deployment",
            value=asked,
            good=", ".join(restorable),
            untouched="everything",
        )
    return restorable[wanted]


def _previous(
    session: Session, spec: EnvironmentSpec, markers: Mapping[str, Marker | None], restorable: Mapping[str, Marker]
) -> str:
    """The retained deployment that live descends from; asked for again, one further back."""
    known = lineage(journal.moves(session, spec.name))
    previous = known.previous(deployed(markers.get(spec.database.name.name)), restorable)
    if previous is None:
        undone = [name for name in restorable if name in known.rolled_back]
        raise RefusedError(
            f"nothing earlier than live is retained for {spec.name}: "
            + ("what is retained was rolled back" if undone else "what is retained is no former live of it"),
            where=f"environment {spec.name}, deployment",
            value=PREVIOUS,
            good=f"one of them by its name: {', '.join(restorable)}",
            untouched="everything",
        )
    return previous
