"""`sluice hours`: when environments are open; kept open through Airflow, which decides and records."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from sluice.cli.budgets import Environments
from sluice.cli.environments import Reason, through
from sluice.cli.terminal import AsJson, err, out, workspace

if TYPE_CHECKING:
    from sluice.domain.closings import Closing
    from sluice.domain.specs import EnvironmentSpec

app = typer.Typer(no_args_is_help=True, help="Hours: when environments are open, and how wide their warehouses are.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show which environments have hours or a schedule, whether they are open, and what they are given now."""
    from sluice.stages import hours
    from sluice.stages.budgets import specs_of

    with workspace() as work, err.status("reading the journal"):
        now, specs = work.now(), specs_of(work)
        with work.control() as session:
            found = hours.read(session)
        rows = [
            _row(spec, found.get(name), now) for name, spec in specs.items() if spec.hours or spec.warehouse_schedule
        ]
    if as_json:
        out.print_json(json.dumps(rows))
        return
    table = Table(*(Column(name, overflow="fold") for name in ("Environment", "State", "By", "Warehouse now")))
    for row in rows:
        table.add_row(*(str(one) for one in row.values()))
    out.print(table)


@app.command(name="open")
def stay_open(
    environments: Environments,
    until: Annotated[str, typer.Option(help="21:00, or 2026-11-28T21:00, by the environment's own clock")],
    reason: Reason,
) -> None:
    """Open them at once and until then, whatever their hours say; they close by themselves."""
    through("budget_control", what="open", environments=environments, until=until, reason=reason)


def _row(spec: EnvironmentSpec, closing: Closing | None, now: datetime) -> dict[str, str]:
    from sluice.domain.closings import asked, why_closed

    late = closing.late if closing is not None and closing.late is not None and now < closing.late.until else None
    shut = closing is not None and bool(closing.holds)
    return {
        "environment": spec.name,
        "state": why_closed(spec, now) if shut else f"open until {late.until:%Y-%m-%d %H:%M} UTC" if late else "open",
        "by": f"{late.by}: {late.reason}" if late else "its hours" if spec.hours else "always",
        "warehouse": ", ".join(f"{key} {value}" for key, value in asked(spec, now).items()),
    }
