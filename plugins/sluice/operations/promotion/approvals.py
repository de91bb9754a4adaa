"""Approvals, in the administrator's journal: no environment's role can write that somebody has approved."""

from __future__ import annotations

from collections.abc import Sequence

from sluice.domain.journal.events import Event, Kind
from sluice.domain.promotion.clearance import About, lacking, shown_hash
from sluice.domain.promotion.cutover import Exchange, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.errors import RefusedError
from sluice.operations.promotion.candidate import STEPS
from sluice.operations.stage import Stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal


def record(
    work: Workspace, deployment: Deployment, about: About, reports: Sequence[StageReport], approver: str
) -> None:
    """Have it in the journal who approved, when, what was shown, and what was live by that."""
    shown = {"shown": shown_hash(reports), "live_now": reports[0].facts.get("live_now") if reports else None}
    with work.control() as session:
        event = Event.once(
            f"{about}:{shown['shown']}",
            at=work.now(),
            actor=approver,
            environment=deployment.environment,
            kind=Kind.APPROVED,
            deployment=deployment.id,
            payload={"about": about, **shown},
        )
        journal.append(session, event)


def require_clearance(running: Stage, exchange: Exchange) -> None:
    """Refuse a cut-over that the gates or an approver have not cleared, whatever Airflow says of their tasks."""
    if running.deployment.kind != "promotion":
        return
    events = running.recall(Kind.JUDGED, Kind.REFUSED, Kind.APPROVED, *STEPS)
    because = lacking(events, approval=running.spec.promotion.approval, live=named(exchange.former))
    if because is not None:
        raise RefusedError(
            because,
            where=f"environment {running.deployment.environment}, stage {running.name}",
            value=running.deployment.id,
            good="the stages judge and approve run to their end, not marked as success; or a new deployment",
            untouched=exchange.live,
        )
