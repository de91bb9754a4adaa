"""`sluice budget`: what environments cost against what they may; stopped, limited and started through Airflow."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Column, Table

from sluice.cli.environments import Reason, through
from sluice.cli.terminal import AsJson, err, out, workspace

if TYPE_CHECKING:
    from datetime import datetime

    from sluice.domain.guards import Guard
    from sluice.domain.spend import Measurement
    from sluice.stages.budgets import Checked
    from sluice.stages.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Budgets: what environments cost, and what is done about it.")

Environments = Annotated[list[str], typer.Argument(help="one environment or several")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what each environment costs against its budget, how that is known, and what a check would do now."""
    from sluice.domain.responses import explain

    with workspace() as work, err.status("measuring"):
        measured, checked, closed = _look(work)
    if as_json:
        out.print_json(json.dumps(_facts(measured, checked, closed)))
        return
    out.print(_table(measured, checked, closed))
    for line in (*explain(checked.plan), *measured.notes):
        out.print(f"  {line}", markup=False, highlight=False)


@app.command()
def watch(seconds: Annotated[float, typer.Option(min=2, help="between two looks")] = 15) -> None:
    """Show the same, again and again, until interrupted."""
    with workspace() as work, Live(console=out, auto_refresh=False) as live:
        while True:
            live.update(_table(*_look(work)), refresh=True)
            time.sleep(seconds)


@app.command()
def stop(environments: Environments, reason: Reason) -> None:
    """Suspend them and abort what runs; no check gives them back, `start` does. Never production."""
    through("budget_control", what="stop", environments=environments, reason=reason)


@app.command()
def limit(environments: Environments, reason: Reason) -> None:
    """Give them a size less, one cluster, fewer and shorter statements, until `start`."""
    through("budget_control", what="limit", environments=environments, reason=reason)


@app.command()
def start(environments: Environments, reason: Reason) -> None:
    """Give back the settings that were recorded when they were limited or stopped."""
    through("budget_control", what="start", environments=environments, reason=reason)


@app.command()
def override(
    environments: Environments,
    usd: Annotated[float, typer.Option(help="dollars more")],
    hours: Annotated[int, typer.Option(min=1, help="for how long")],
    reason: Reason,
) -> None:
    """Let them cost more for a while."""
    through("budget_control", what="override", environments=environments, usd=usd, hours=hours, reason=reason)


def _look(work: Workspace) -> tuple[Measurement, Checked, dict[str, str]]:
    from sluice.airflow.operators.budgets import budgets
    from sluice.stages.budgets import look
    from sluice.stages.metering import measure

    now, policy = work.now(), budgets()
    measured = measure(work, now, record=False, anomaly=policy.anomaly)
    return measured, look(work, policy, measured, now), _closed(work, now)


def _held(guard: Guard | None, closed: str | None) -> str:
    by_budget = f"{guard.hold}{' by hand' if guard.by_hand else ''}" if guard else "free"
    return by_budget if closed is None else closed if by_budget == "free" else f"{by_budget}, {closed}"


def _closed(work: Workspace, now: datetime) -> dict[str, str]:
    from sluice.domain.closings import why_closed
    from sluice.stages import hours
    from sluice.stages.budgets import specs_of

    specs = specs_of(work)
    with work.control() as session:
        found = hours.read(session)
    return {name: why_closed(specs[name], now) for name, one in found.items() if one.holds and name in specs}


def _table(measured: Measurement, checked: Checked, closed: dict[str, str]) -> Table:
    columns = ("Environment", "State", "USD/h", "Today", "of budget", "Known", "Error", "Budget says", "Held", "Runs")
    title = f"budgets at {measured.at:%Y-%m-%d %H:%M:%S} UTC; USD {measured.unattributed_day.usd:.2f} today is nobody's"
    table = Table(*(Column(name, overflow="fold") for name in columns), title=title)
    for row in _facts(measured, checked, closed)["environments"]:
        table.add_row(*(str(row[key]) for key in _KEYS))
    return table


_KEYS = ("environment", "state", "usd_per_hour", "day_usd", "percent", "known", "error", "verdict", "held", "runs")


def _facts(measured: Measurement, checked: Checked, closed: dict[str, str]) -> dict[str, list[dict[str, object]]]:
    made: list[dict[str, object]] = []
    for name, one in sorted(checked.verdicts.items()):
        spend, guard = measured.spends[name], checked.guards.get(name)
        mine = [warehouse for warehouse in measured.warehouses if warehouse.environment == name]
        made.append(
            {
                "environment": name,
                "state": ", ".join(sorted({warehouse.state for warehouse in mine})) or "none",
                "usd_per_hour": round(spend.usd_per_hour, 2),
                "day_usd": round(spend.day.usd, 2),
                "percent": f"{one.percent:.0f} %",
                "known": str(spend.day.provenance),
                "error": "" if spend.error_percent is None else f"{spend.error_percent:.1f} %",
                "verdict": f"{one.level.name.lower()}: {one.rule}",
                "hour": one.compared,
                "held": _held(guard, closed.get(name)),
                "runs": sum(warehouse.running for warehouse in mine),
            }
        )
    return {"environments": made}
