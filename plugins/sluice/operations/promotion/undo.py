"""After a failure: live is what it was before, whatever point the deployment had reached."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from sluice.domain.journal.events import Kind
from sluice.domain.names import Identifier
from sluice.domain.promotion.cutover import Exchange, NotSwapped, Stop, Swap, decide_undo, deployed, named
from sluice.domain.promotion.deployments import Deployment, StageReport, Undone
from sluice.domain.promotion.evidence import Evidence, Verdict, failed
from sluice.errors import SluiceError, StopError
from sluice.operations.promotion.before_swap import align
from sluice.operations.promotion.candidate import drop
from sluice.operations.promotion.cutover import exchange_names
from sluice.operations.promotion.verification import checked
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake.error_mapping import NoComputeError
from sluice.snowflake.statements import rename_database


def undo(work: Workspace, deployment: Deployment, now: datetime, *, keep_verified: bool = True) -> StageReport:
    """Have the former deployment live again and verified; the candidate dropped, or kept as was asked.

    One that is settled stays; and with `keep_verified` one that has passed verification: only its former live is not
    under its retained name yet, which is no reason to take from readers what was found right.
    """
    with stage("undo", work, deployment, now, tidies=True) as running:
        if running.recall(Kind.LIVE):
            summary = "the deployment is settled: nothing to undo; a rollback would bring the former back"
            return running.report(summary, {"outcome": Undone.NOTHING.value})
        if keep_verified and _bears_verified(running):
            summary = f"{running.live} bears {deployment.id}, verified: it stays; clear `settle` to run it again"
            return running.report(summary, {"outcome": Undone.NOTHING.value})
        if not running.recall(Kind.UNDO_RECORDED):
            return running.report("nothing was recorded, so nothing was changed", {"outcome": Undone.NOTHING.value})
        exchange = running.exchange()
        decision = decide_undo(exchange, running.markers())
        match decision:
            case NotSwapped(leftover):
                back = bool(running.recall(Kind.ROLLED_BACK))  # an attempt before this one came as far as the swap
                said = "live was swapped back already" if back else "stopped before the swap; live unchanged"
                facts = {"swapped_back": back, "outcome": (Undone.SWAPPED_BACK if back else Undone.STOPPED).value}
                return running.report(f"{said}, {_clear(running, exchange, leftover)}", facts)
            case Swap():
                return _swap_back(running, exchange, decision)
            case Stop(because):
                raise StopError(because, where=exchange.live, value=deployment.id, untouched=exchange.live)
            case _:
                assert_never(decision)


def _bears_verified(running: Stage) -> bool:
    """Whether live bears what is wanted, and the last that verification said of it is that it passes."""
    if not running.recall(Kind.UNDO_RECORDED) or running.markers().get(running.live.name) != running.exchange().wanted:
        return False
    said = [event for event in running.recall(Kind.STAGE_DONE, Kind.FAILED) if event.payload.get("stage") == "verify"]
    return bool(said) and said[-1].kind == Kind.STAGE_DONE


def _swap_back(running: Stage, exchange: Exchange, step: Swap) -> StageReport:
    aligned = _aligned(running, step)
    seconds = exchange_names(running, step, expect=exchange.former, before=exchange.wanted)
    facts = {
        **aligned,
        "swapped_back": True,
        "outcome": Undone.SWAPPED_BACK.value,
        "swap_seconds": seconds,
        "live": named(exchange.former),
    }
    running.note(Kind.ROLLED_BACK, {**facts, "automatic": True})
    evidence = _checked(running, exchange)
    if failed(evidence):
        raise running.refuse(
            "live was swapped back, and does not pass either", evidence, untouched="the failed candidate"
        )
    kept = _clear(running, exchange, step.other)
    return running.report(
        f"swapped back: {exchange.live} bears {named(exchange.former)} again, {kept}", facts, evidence
    )


def _aligned(running: Stage, step: Swap) -> dict[str, object]:
    """Who was granted or refused something since the swap; what cannot be compared holds up no way back."""
    try:
        return align(running, Identifier.from_account(step.live), Identifier.from_account(step.other), comes_back=True)
    except SluiceError as error:
        return {"rights": f"not compared: {error.message}"}


def _checked(running: Stage, exchange: Exchange) -> tuple[Evidence, ...]:
    """A first deployment's former live is empty: there is nothing in it to check.

    Nor can it be where the environment's warehouse was stopped: the names are right, and the evidence says the rest.
    """
    if not deployed(exchange.former):
        return ()
    try:
        return checked(running, running.work.checks(running.deployment.environment))
    except NoComputeError as error:
        return (Evidence("checks of live", Verdict.MARGINAL, f"not asked: {error.message}", "its warehouse runs"),)


def _clear(running: Stage, exchange: Exchange, leftover: str | None) -> str:
    """Drop the failed candidate, or leave it under its own name."""
    if leftover is None:
        return "there is no candidate"
    if exchange.drops_incoming and not running.deployment.keep_candidate:
        drop(running, leftover, exchange.wanted)
        return f"{leftover} is dropped"
    if leftover != exchange.incoming:
        running.session.run(
            rename_database(Identifier.from_account(leftover), Identifier.from_account(exchange.incoming))
        )
    return f"{exchange.incoming} is kept"
