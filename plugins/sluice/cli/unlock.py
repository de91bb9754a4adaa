"""`sluice unlock`: the lock of a run that is gone."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.runs import Reason
from sluice.cli.terminal import AsJson, Environment, out, person, print_json, workspace


def unlock(
    environment: Environment,
    reason: Reason,
    force: Annotated[bool, typer.Option("--force", help="although its holder was at work a moment ago")] = False,
    as_json: AsJson = False,
) -> None:
    """Break the lock of a run that is gone; refused while that run still gives signs of life."""
    from sluice.operations.unlock import unlock as break_lock

    with workspace(f"looking at the lock of {environment}", as_json=as_json) as work:
        done = break_lock(work, environment, reason=reason, actor=person(), force=force)
    if as_json:
        print_json(done.to_json())
        return
    if done.holder is None:
        out.print(f"{environment} is not locked; nothing was done", highlight=False)
        return
    out.print(f"{environment} is unlocked: {done.holder} was last at work {done.last_seen:%Y-%m-%d %H:%M:%S} UTC")
    if done.unsettled:
        out.print(
            f"{done.holder} was neither settled nor undone: clear `undo` of its run in Airflow, or look at "
            f"`sluice status` and roll back with `sluice rollback {environment}`",
            highlight=False,
        )
