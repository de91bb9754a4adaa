"""`sluice budget`: spend against budget; environments are stopped, limited and resumed through Airflow."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Column, Table

from sluice.cli.runs import NoWait, Reason, RunAsJson, run_dag
from sluice.cli.terminal import AsJson, out, print_json, workspace

if TYPE_CHECKING:
    from datetime import datetime

    from sluice.domain.budgets.budget_state import BudgetState
    from sluice.domain.budgets.spend import Measurement
    from sluice.operations.budgets.budgets import Checked
    from sluice.operations.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Budgets: spend, limits and overrides.")

Environments = Annotated[list[str], typer.Argument(help="one environment or several")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show each environment's spend against its budget, the source of the figures, and what a check would do now."""
    from sluice.domain.budgets.budget_actions import explain

    empty: dict[str, list[object]] = {"environments": [], "notes": []}
    with workspace("measuring", when_empty=empty, as_json=as_json) as work:
        measured, checked, closed = _look(work)
    if as_json:
        print_json(_facts(measured, checked, closed))
        return
    out.print(_table(measured, checked, closed))
    for line in (*explain(checked.plan), *measured.notes):
        out.print(f"  {line}", markup=False, highlight=False)


@app.command()
def watch(
    seconds: Annotated[float, typer.Option(min=2, help="between two measurements")] = 15, as_json: AsJson = False
) -> None:
    """Show the same repeatedly until interrupted; with --json, a line for each measurement."""
    empty: dict[str, list[object]] = {"environments": [], "notes": []}
    with workspace(when_empty=empty, as_json=as_json) as work:
        if as_json:
            while True:
                out.print(json.dumps(_facts(*_look(work))), markup=False, highlight=False, soft_wrap=True)
                time.sleep(seconds)
        with Live(console=out, auto_refresh=False) as live:
            while True:
                live.update(_table(*_look(work)), refresh=True)
                time.sleep(seconds)


@app.command()
def stop(environments: Environments, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Suspend them and abort running statements, until `resume`. Never production."""
    _control("stop", environments, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def limit(environments: Environments, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Throttle them until `resume`: one size smaller, one cluster, fewer and shorter statements."""
    _control("limit", environments, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def resume(environments: Environments, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Restore the settings that were recorded when they were limited or stopped."""
    _control("resume", environments, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def override(  # noqa: PLR0917 (one option for each field of the form)
    environments: Environments,
    usd: Annotated[float, typer.Option(help="additional US dollars")],
    hours: Annotated[int, typer.Option(min=1, help="for how long")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Raise their budget for a number of hours."""
    _control("override", environments, reason, as_json=as_json, no_wait=no_wait, usd=usd, hours=hours)


def _control(what: str, environments: list[str], reason: str, *, as_json: bool, no_wait: bool, **more: object) -> None:
    values = {"what": what, "environments": environments, "reason": reason} | more
    run_dag("budget_control", values, about=environments, as_json=as_json, no_wait=no_wait)


def _look(work: Workspace) -> tuple[Measurement, Checked, dict[str, str]]:
    from sluice.operations.budgets.budgets import look
    from sluice.operations.budgets.metering import measure

    now, policy = work.now(), work.policy_files.budgets()
    measured = measure(work, now, record=False, anomaly=policy.anomaly)
    return measured, look(work, policy, measured, now), _closed(work, now)


def _restriction(state: BudgetState | None, closed: str | None) -> str:
    by_budget = f"{state.restriction}{' by hand' if state.manual else ''}" if state else "free"
    return by_budget if closed is None else closed if by_budget == "free" else f"{by_budget}, {closed}"


def _closed(work: Workspace, now: datetime) -> dict[str, str]:
    from sluice.domain.schedules.schedule_state import why_closed
    from sluice.operations.budgets.budgets import specs_of
    from sluice.operations.schedules import schedules

    specs = specs_of(work)
    with work.control() as session:
        states = schedules.read(session)
    return {
        name: why_closed(specs[name], now) for name, state in states.items() if state.owned_settings and name in specs
    }


def _table(measured: Measurement, checked: Checked, closed: dict[str, str]) -> Table:
    columns = (
        "Environment",
        "State",
        "USD/h",
        "Today",
        "of budget",
        "Source",
        "Error",
        "Verdict",
        "Restriction",
        "Running",
    )
    title = f"budgets at {measured.at:%Y-%m-%d %H:%M:%S} UTC; USD {measured.unattributed_day.usd:.2f} not attributed"
    table = Table(*(Column(name, overflow="fold") for name in columns), title=title)
    for row in _rows(measured, checked, closed):
        table.add_row(*(_cell(key, row[key]) for key in _KEYS))
    return table


_KEYS = (
    "environment", "state", "usd_per_hour", "day_usd", "percent", "known", "error_percent", "verdict", "held", "runs",
)  # fmt: skip


def _cell(key: str, value: object) -> str:
    if value is None:
        return ""
    digits = {"percent": 0, "error_percent": 1}
    return f"{value:.{digits[key]}f} %" if key in digits else str(value)


def _facts(measured: Measurement, checked: Checked, closed: dict[str, str]) -> Mapping[str, object]:
    return {
        "at": measured.at.isoformat(),
        "environments": _rows(measured, checked, closed),
        "unattributed_usd": round(measured.unattributed_day.usd, 2),
        "notes": list(measured.notes),
    }


def _rows(measured: Measurement, checked: Checked, closed: dict[str, str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, verdict in sorted(checked.verdicts.items()):
        spend, state = measured.spends[name], checked.guards.get(name)
        warehouses = [warehouse for warehouse in measured.warehouses if warehouse.environment == name]
        rows.append(
            {
                "environment": name,
                "state": ", ".join(sorted({warehouse.state for warehouse in warehouses})) or "none",
                "usd_per_hour": round(spend.usd_per_hour, 2),
                "day_usd": round(spend.day.usd, 2),
                "percent": round(verdict.percent, 1),
                "known": str(spend.day.provenance),
                "error_percent": None if spend.error_percent is None else round(spend.error_percent, 1),
                "verdict": f"{verdict.level.name.lower()}: {verdict.rule}",
                "hour": verdict.compared,
                "held": _restriction(state, closed.get(name)),
                "runs": sum(warehouse.running for warehouse in warehouses),
            }
        )
    return rows
