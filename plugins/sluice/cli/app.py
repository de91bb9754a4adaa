"""The command line: how things stand, what a promotion would do, and what has happened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Column, Table

from sluice.cli import access, budgets, dbt, environments, hours, policy
from sluice.cli.terminal import AsJson, err, out, workspace
from sluice.domain.blocks import ComputeBlock
from sluice.domain.events import Event
from sluice.domain.gates import Evidence
from sluice.stages.status import Status

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
explaining = typer.Typer(no_args_is_help=True, help="Print the very steps that would run; nothing is changed.")
app.add_typer(explaining, name="explain")
app.add_typer(environments.app, name="env")
app.add_typer(access.app, name="access")
app.add_typer(budgets.app, name="budget")
app.add_typer(hours.app, name="hours")
app.add_typer(policy.app, name="policy")
app.command(context_settings=dbt.SETTINGS)(dbt.dbt)
Environment = Annotated[str, typer.Argument(help="an environment of include/environments, for example prod")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show every environment: live deployment, release, since when, what is retained, who holds the lock."""
    from sluice.stages.status import status as read

    with workspace() as work:
        found = [read(work, name) for name in _progress("reading environments", list(work.environments))]
    if as_json:
        out.print_json(json.dumps([one.to_json() for one in found]))
    else:
        out.print(_status_table(found))
        for one in found:
            if one.problem:
                err.print(f"{one.environment}: {one.problem}", style="red", markup=False, highlight=False)
    if any(one.problem for one in found):
        raise typer.Exit(1)


@app.command()
def history(environment: Environment, limit: Annotated[int, typer.Option(min=1)] = 50, as_json: AsJson = False) -> None:
    """Show what happened to an environment, from its journal."""
    from sluice.stages.status import history as read

    with workspace() as work:
        events = read(work, environment, limit=limit)
    if as_json:
        out.print_json(json.dumps([_event(one) for one in events], default=str))
    else:
        out.print(_history_table(environment, events))


@app.command()
def audit(environment: Environment, limit: Annotated[int, typer.Option(min=1)] = 200, as_json: AsJson = False) -> None:
    """Show who did what to an environment, when and why."""
    from sluice.stages.status import audit as read

    with workspace() as work:
        events = read(work, environment, limit=limit)
    if as_json:
        out.print_json(json.dumps([_event(one) for one in events], default=str))
        return
    table = Table(*(Column(name, overflow="fold") for name in ("At (UTC)", "Who", "What", "Why")), title=environment)
    for one in events:
        why = one.payload.get("reason") or one.payload.get("summary") or _brief(one)
        table.add_row(f"{one.at:%Y-%m-%d %H:%M:%S}", one.actor, one.kind, str(why))
    out.print(table)


@app.command()
def validate() -> None:
    """Check every spec and policy of include/, without touching an account."""
    from sluice.domain.budgets import load_budgets
    from sluice.domain.cleanup import load_cleanup
    from sluice.domain.roles import load_access
    from sluice.settings import settings

    with workspace() as work:
        folder = settings().policies
        load_cleanup(folder / "cleanup.yml")
        load_access(folder / "access.yml")
        load_budgets(folder / "budgets.yml")
        computes: list[tuple[str, ComputeBlock]] = [(name, spec.warehouse) for name, spec in work.environments.items()]
        computes += [(f"template {kind}", made.warehouse) for kind, made in work.templates.items()]
        work.prices.refuse_unpriced(computes, str(folder / "prices.yml"))
        for name, spec in work.environments.items():
            gates = work.policies.gates(name)
            out.print(f"[green]ok[/green] {name} ({spec.kind}): {spec.database.name}, {len(gates.metrics)} metrics")


@explaining.command()
def promote(
    environment: Environment,
    release: Annotated[str | None, typer.Option(help="default: the release live upstream")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what promoting to an environment would do."""
    from sluice.airflow.operators.budgets import budgets
    from sluice.stages.admission import expected
    from sluice.stages.planning import plan

    with workspace() as work, out.status("comparing the releases"):
        deployment, report = plan(work, environment, release=release, full_refresh=full_refresh, now=datetime.now(UTC))
        report = expected(work, deployment, report, budgets(), work.now())
    if as_json:
        out.print_json(json.dumps(report.to_json(), default=str))
        return
    out.print(f"[bold]{report.summary}[/bold]", highlight=False)
    lines = report.facts.get("lines")
    for line in lines if isinstance(lines, list) else []:
        out.print(f"  {line}", highlight=False, markup=False)
    _print_evidence(report.evidence)


@explaining.command()
def provision(environment: Environment) -> None:
    """Show what provisioning an environment would make or repair, and what a build in it will likely cost."""
    from sluice.airflow.operators.budgets import budgets
    from sluice.domain.steps import as_text
    from sluice.stages.admission import expected_next
    from sluice.stages.provision import plan_provision

    with workspace() as work, out.status("comparing spec and account"):
        known = work.including(environment)
        plan = plan_provision(known, environment, work.now())
        builds = expected_next(known, known.spec(environment), budgets(), work.now())
    out.print(as_text(plan), markup=False, highlight=False)
    _print_evidence(builds)


def main() -> None:
    """Run the command line."""
    app()


def _progress(what: str, names: list[str]) -> Iterator[str]:
    with err.status(what) as shown:
        for name in names:
            shown.update(f"{what}: {name}")
            yield name


def _print_evidence(evidence: Iterable[Evidence]) -> None:
    for one in evidence:
        out.print(f"  {one.gate}: {one.observed}; {one.limit}: {one.verdict}", highlight=False, markup=False)


def _status_table(found: list[Status]) -> Table:
    names = ("Environment", "Live", "Deployment", "Release", "Since (UTC)", "Retained", "Lock")
    table = Table(*(Column(name, overflow="fold") for name in names), title="sluice")
    for one in found:
        if one.problem:
            table.add_row(one.environment, one.database, "[red]see below[/red]")
            continue
        kept = "\n".join(f"{kept.deployment} ({kept.release})" for kept in one.retained)
        lock = f"{one.lock_holder} until {one.lock_until:%H:%M:%S}" if one.lock_holder and one.lock_until else ""
        since = f"{one.since:%Y-%m-%d %H:%M:%S}" if one.since else ""
        table.add_row(
            one.environment,
            one.database,
            one.deployment if one.release else "none yet",
            one.release or "",
            since,
            kept,
            lock,
        )
    return table


def _history_table(environment: str, events: list[Event]) -> Table:
    names = ("At (UTC)", "What", "Deployment", "By", "Facts")
    table = Table(*(Column(name, overflow="fold") for name in names), title=f"journal of {environment}")
    for one in events:
        said = one.payload.get("summary") or _brief(one)
        table.add_row(f"{one.at:%Y-%m-%d %H:%M:%S}", one.kind, one.deployment or "", one.actor, str(said))
    return table


def _brief(event: Event) -> str:
    shown = {key: value for key, value in event.payload.items() if isinstance(value, str | int | float | bool)}
    return ", ".join(f"{key} {value}" for key, value in shown.items())[:120]


def _event(event: Event) -> dict[str, object]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "environment": event.environment,
        "deployment": event.deployment,
        "actor": event.actor,
        "payload": dict(event.payload),
    }
