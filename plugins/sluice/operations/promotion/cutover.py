"""The cut-over: one swap under the lock, decided from markers; whatever answer is lost, the markers are asked again."""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import assert_never

from sluice.domain.journal.events import Kind
from sluice.domain.names import Identifier, Marker
from sluice.domain.promotion.cutover import AlreadyLive, Exchange, Markers, Refuse, Stop, Swap, decide_cut_over, named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.errors import RefusedError, RetryError, StopError
from sluice.operations.promotion.approvals import require_clearance
from sluice.operations.promotion.before_swap import align
from sluice.operations.promotion.gates import writers
from sluice.operations.stage import Stage, own_databases, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import locks, observe
from sluice.snowflake.statements import swap


def cut_over(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Have the live name bear what is wanted: swapped once, or found swapped."""
    with stage("cut_over", work, deployment, now) as running:
        exchange, markers = running.exchange(), running.markers()
        aligned = _aligned(running, exchange, markers)
        decision = decide_cut_over(exchange, markers, _foreign(running, exchange, markers))
        match decision:
            case AlreadyLive():
                seconds = 0.0
            case Swap():
                require_clearance(running, exchange)
                seconds = exchange_names(running, decision, expect=exchange.wanted, before=exchange.former)
            case Refuse(because):
                raise RefusedError(
                    f"live was written to since it was cloned; its rows would be lost: {'; '.join(because[:10])}",
                    where=exchange.live,
                    good="stop the other writer, then promote again",
                    untouched=exchange.live,
                )
            case Stop(because):
                raise StopError(because, where=exchange.live, value=deployment.id, untouched=exchange.live)
            case _:
                assert_never(decision)
        facts = {"live": str(exchange.wanted.deployment), "former": named(exchange.former), "swap_seconds": seconds}
        running.note(Kind.CUT_OVER, facts, once=True)
        facts |= aligned
        return running.report(f"{exchange.live} bears {named(exchange.wanted)}", facts)


def _aligned(running: Stage, exchange: Exchange, markers: Markers) -> dict[str, object]:
    """Contents and rights are looked at while the swap is still to come; the foreign writers after them."""
    if not isinstance(decide_cut_over(exchange, markers, ()), Swap):
        return {}
    live, incoming = Identifier.from_account(exchange.live), Identifier.from_account(exchange.incoming)
    return align(running, live, incoming, comes_back=running.deployment.kind == "rollback")


def exchange_names(running: Stage, step: Swap, *, expect: Marker | None, before: Marker | None) -> float:
    """Swap once, the lock checked right before, and believe only the markers; return the seconds it took."""
    if running.lock is None:
        raise StopError("a swap needs the lock", where=step.live, untouched=step.live)
    locks.check(running.session, running.lock)
    started = monotonic()
    try:
        running.session.run(swap(Identifier.from_account(step.live), Identifier.from_account(step.other)))
    except RetryError as error:
        if not error.lost:
            raise
        _believe(running, step, expect, before, error)
    return round(monotonic() - started, 3)


def _believe(running: Stage, step: Swap, expect: Marker | None, before: Marker | None, error: RetryError) -> None:
    """Read the markers in a session of their own: the answer was lost, the swap may have happened or not."""
    with running.work.session(
        running.deployment.environment, tag={"deployment": running.deployment.id, "stage": running.name}
    ) as fresh:
        marker = own_databases(observe.markers(fresh, step.live), running.live).get(step.live)
    if marker == expect:
        return
    if marker == before:
        raise RetryError(
            "the line was cut and the swap did not take effect", where=step.live, untouched=step.live
        ) from error
    raise StopError(f"after a lost answer {step.live} bears {named(marker)}", where=step.live) from error


def _foreign(running: Stage, exchange: Exchange, markers: Markers) -> tuple[str, ...]:
    """What a promotion would lose; a rollback says afterwards what it lost, because that is what it is asked for."""
    if running.deployment.kind == "rollback" or markers.get(exchange.live) != exchange.former:
        return ()
    if not running.work.gates(running.deployment.environment).foreign_writer.enabled:
        return ()
    return writers(running, exchange)
