"""After verification: the former live has its retained name and an expiry, and the journal says what is live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sluice.domain.journal.events import Kind
from sluice.domain.names import Identifier
from sluice.domain.promotion.cutover import Exchange, Markers, deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.inventory import to_json
from sluice.errors import StopError
from sluice.operations.promotion.candidate import BUILT, drop
from sluice.operations.promotion.sight import sight_of_all
from sluice.operations.promotion.verification import checks_of
from sluice.operations.refresh import dbt_builds
from sluice.operations.rollback.rows_since_cutover import ARRIVED
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import database_access, observe
from sluice.snowflake.statements import rename_database


def settle(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have the former live under its retained name with an expiry on record, and this deployment on record as live."""
    with stage("settle", work, deployment, now) as running:
        exchange, markers = running.exchange(), running.markers()
        if markers.get(exchange.live) != exchange.wanted:
            raise StopError(
                f"live bears {named(markers.get(exchange.live))}", where=exchange.live, value=named(exchange.wanted)
            )
        _park(running, exchange, markers)
        closed_to = _close(running, exchange)
        facts = _facts(running, exchange)
        inventory = to_json(observe.inventory(running.session, running.live))
        checks = [check.model_dump(mode="json") for check in checks_of(running)]
        seen = {"inventory": inventory, "evidence": _evidence(running), "checks": checks}
        running.note(Kind.LIVE, {**facts, **seen}, once=True)
        receipt = _receipt(running) if deployment.kind == "rollback" else {}
        kept = _retire(running, exchange)
        summary = f"{deployment.environment} is live with {exchange.wanted.release}; {kept}"
        return running.report(summary, {**facts, **receipt, "entrance_revoked": closed_to})


def _park(running: Stage, exchange: Exchange, markers: Markers) -> None:
    """Rename the former live, wherever a retry finds it."""
    if exchange.parking == exchange.incoming or markers.get(exchange.parking, exchange.wanted) == exchange.former:
        return
    if exchange.parking not in markers and exchange.incoming not in markers and deployed(exchange.former) is None:
        return  # it was empty, and a first attempt has dropped it
    if exchange.parking in markers or markers.get(exchange.incoming, exchange.wanted) != exchange.former:
        raise StopError(
            f"the former live, {named(exchange.former)}, is neither {exchange.incoming} nor {exchange.parking}",
            where=exchange.live,
            good="the databases beside live, compared with the journal",
            untouched="all of them",
        )
    running.session.run(
        rename_database(Identifier.from_account(exchange.incoming), Identifier.from_account(exchange.parking))
    )


def _close(running: Stage, exchange: Exchange) -> int:
    """Let nobody into the former live but its owner: what was deleted or masked since is not readable in it.

    Return how many grants were revoked. A rollback gives it the entrances that live has then.
    """
    ours, former = running.spec.access.role.name, Identifier.from_account(exchange.parking)
    if former.name not in running.markers():
        return 0
    with sight_of_all(running) as session:
        entrances = [right for right in database_access.entrances_to(session, former) if right.grantee != ours]
        for right in entrances:
            session.run(database_access.change(former, right, give=False))
    return len(entrances)


def _retire(running: Stage, exchange: Exchange) -> str:
    """Drop a former live that never held a deployment nor anything else: the empty one that provisioning made."""
    former = exchange.former
    if former is None or deployed(former) is not None:
        return f"{exchange.parking} is retained"
    if exchange.parking not in running.markers():
        return "there was nothing before"
    if observe.inventory(running.session, Identifier.from_account(exchange.parking)):
        return f"{exchange.parking} is retained"
    drop(running, exchange.parking, former)
    return "the empty database before it is dropped"


def _facts(running: Stage, exchange: Exchange) -> dict[str, object]:
    former = exchange.former
    until = observe.now(running.session) + timedelta(days=running.spec.promotion.retained_days)
    built = running.recall(BUILT)
    return {
        "live": exchange.wanted.deployment,
        "release": exchange.wanted.release,
        "retained": {
            "name": exchange.parking,
            "deployment": former.deployment if former else None,
            "release": former.release if former else None,
            "until": until.isoformat(),
        },
        "artifacts": dbt_builds.artifact_links(
            running.work,
            running.deployment.environment,
            running.deployment.id,
            built[-1].payload.get("artifacts") if built else {},
        ),
    }


def _evidence(running: Stage) -> list[object]:
    """What judge and verify have seen, so that the next environment need not ask again."""
    found: list[object] = []
    for event in running.recall(Kind.STAGE_DONE):
        if event.payload.get("stage") in {"judge", "verify"}:
            evidence = event.payload.get("evidence")
            found += evidence if isinstance(evidence, list) else []
    return found


def _receipt(running: Stage) -> Mapping[str, object]:
    """How long the rollback took, how many statements it sent, and what arrived since that is no longer live."""
    done = [event.payload.get("facts") for event in running.recall(Kind.STAGE_DONE)]
    facts = [each for each in done if isinstance(each, Mapping)]
    cut = [event.payload for event in running.recall(Kind.CUT_OVER)]
    arrived = [event.payload for event in running.recall(ARRIVED)]
    return {
        "swap_seconds": cut[0].get("swap_seconds") if cut else None,
        "seconds": round(sum(float(str(each.get("seconds", 0))) for each in facts), 3),
        "statements": sum(int(str(each.get("statements", 0))) for each in facts) + running.session.statements,
        "no_longer_live": dict(arrived[-1]) if arrived else {},
    }
