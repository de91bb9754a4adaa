"""`sluice hours`: when environments are open; kept open through Airflow, which decides and records."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from sluice.cli.budgets import Environments
from sluice.cli.runs import NoWait, Reason, RunAsJson, through
from sluice.cli.terminal import AsJson, out, print_json, workspace

if TYPE_CHECKING:
    from sluice.domain.schedules.schedule_state import ScheduleState
    from sluice.domain.specs.environment import EnvironmentSpec

app = typer.Typer(no_args_is_help=True, help="Hours: when environments are open, and how wide their warehouses are.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show which environments have hours or a schedule, whether they are open, and what they are given now."""
    from sluice.operations.budgets.budgets import specs_of
    from sluice.operations.schedules import schedules

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        now, specs = work.now(), specs_of(work)
        with work.control() as session:
            found = schedules.read(session)
        rows = [
            _row(spec, found.get(name), now) for name, spec in specs.items() if spec.hours or spec.warehouse_schedule
        ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("no environment has hours or a schedule", highlight=False)
        return
    table = Table(*(Column(name, overflow="fold") for name in ("Environment", "State", "By", "Warehouse now")))
    for row in rows:
        warehouse = ", ".join(f"{name} {value}" for name, value in row["warehouse"].items())
        table.add_row(row["environment"], row["state"], row["by"], warehouse)
    out.print(table)


@app.command(name="open")
def stay_open(
    environments: Environments,
    until: Annotated[str, typer.Option(help="21:00, or 2026-11-28T21:00, by the environment's own clock")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Open them at once and until then, whatever their hours say; they close by themselves."""
    wishes = {"what": "open", "environments": environments, "until": until, "reason": reason}
    through("budget_control", wishes, about=environments, as_json=as_json, no_wait=no_wait)


def _row(spec: EnvironmentSpec, closing: ScheduleState | None, now: datetime) -> dict[str, Any]:
    from sluice.domain.schedules.schedule_state import asked, why_closed

    late = closing.late if closing is not None and closing.late is not None and now < closing.late.until else None
    shut = closing is not None and bool(closing.holds)
    return {
        "environment": spec.name,
        "state": why_closed(spec, now) if shut else f"open until {late.until:%Y-%m-%d %H:%M} UTC" if late else "open",
        "by": f"{late.by}: {late.reason}" if late else "its hours" if spec.hours else "always",
        "warehouse": dict(asked(spec, now)),
    }
