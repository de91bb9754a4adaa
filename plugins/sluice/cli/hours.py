"""`sluice hours`: opening hours and warehouse schedules; kept open longer through Airflow."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from sluice.cli.budgets import Environments
from sluice.cli.runs import NoWait, Reason, RunAsJson, run_dag
from sluice.cli.terminal import AsJson, out, print_json, workspace

if TYPE_CHECKING:
    from sluice.domain.schedules.schedule_state import ScheduleState
    from sluice.domain.specs.environment import EnvironmentSpec

app = typer.Typer(
    no_args_is_help=True, help="Opening hours of environments, and cluster schedules of their warehouses."
)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show environments with hours or a schedule: whether they are open, and their warehouse settings now."""
    from sluice.operations.budgets.budgets import specs_of
    from sluice.operations.schedules import schedules

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        now, specs = work.now(), specs_of(work)
        with work.control() as session:
            states = schedules.read(session)
        rows = [
            _row(spec, states.get(name), now) for name, spec in specs.items() if spec.hours or spec.warehouse_schedule
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
    until: Annotated[str, typer.Option(help="21:00, or 2026-11-28T21:00, in the environment's time zone")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Open them now until this time, whatever their hours say; then they close again."""
    values = {"what": "open", "environments": environments, "until": until, "reason": reason}
    run_dag("budget_control", values, about=environments, as_json=as_json, no_wait=no_wait)


def _row(spec: EnvironmentSpec, state: ScheduleState | None, now: datetime) -> dict[str, Any]:
    from sluice.domain.schedules.schedule_state import scheduled_settings, why_closed

    override = (
        state.open_override
        if state is not None and state.open_override is not None and now < state.open_override.until
        else None
    )
    closed = state is not None and bool(state.owned_settings)
    return {
        "environment": spec.name,
        "state": why_closed(spec, now)
        if closed
        else f"open until {override.until:%Y-%m-%d %H:%M} UTC"
        if override
        else "open",
        "by": f"{override.by}: {override.reason}" if override else "its hours" if spec.hours else "always",
        "warehouse": dict(scheduled_settings(spec, now)),
    }
