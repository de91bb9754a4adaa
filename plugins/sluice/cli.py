"""The command line: how things stand, what a promotion would do, and what has happened."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from sluice.domain.events import Event
from sluice.errors import SluiceError
from sluice.laptop.attach import attach
from sluice.settings import settings
from sluice.stages.status import Status
from sluice.stages.workspace import Workspace

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
explaining = typer.Typer(no_args_is_help=True, help="Print the very steps that would run; nothing is changed.")
app.add_typer(explaining, name="explain")
WIDE = None if sys.stdout.isatty() else 160
"""In a pipe nothing says how wide a line may be."""
out = Console(width=WIDE)
err = Console(stderr=True, width=WIDE)

Environment = Annotated[str, typer.Argument(help="an environment of include/environments, for example prod")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]


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
def validate() -> None:
    """Check every spec and policy of include/, without touching an account."""
    with workspace() as work:
        for name, spec in work.environments.items():
            gates = work.policies.gates(name)
            out.print(f"[green]ok[/green] {name} ({spec.kind}): {spec.database.name}, {len(gates.metrics)} metrics")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(
    context: typer.Context,
    environment: Environment,
    developer: Annotated[str, typer.Option(help="goes before the name of each schema")] = getpass.getuser(),
) -> None:
    """Run dbt on the working project in schemas of your own: `sluice dbt dev build --select fct_orders`."""
    from sluice.dbt.invoke import at_the_terminal
    from sluice.stages.building import by_hand

    with workspace() as work:
        succeeded = at_the_terminal(by_hand(work, environment, developer), context.args)
    raise typer.Exit(0 if succeeded else 1)


@explaining.command()
def promote(
    environment: Environment,
    release: Annotated[str | None, typer.Option(help="default: the release live upstream")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what promoting to an environment would do."""
    from sluice.stages.planning import plan

    with workspace() as work, out.status("comparing the releases"):
        _, report = plan(work, environment, release=release, full_refresh=full_refresh, now=datetime.now(UTC))
    if as_json:
        out.print_json(json.dumps(report.to_json(), default=str))
        return
    out.print(f"[bold]{report.summary}[/bold]", highlight=False)
    lines = report.facts.get("lines")
    for line in lines if isinstance(lines, list) else []:
        out.print(f"  {line}", highlight=False, markup=False)


@explaining.command()
def provision(environment: Environment) -> None:
    """Show what provisioning an environment would make or repair."""
    from sluice.domain.steps import as_text
    from sluice.stages.provision import plan_provision

    with workspace() as work, out.status("comparing spec and account"):
        plan = plan_provision(work, environment, datetime.now(UTC))
    out.print(as_text(plan), markup=False, highlight=False)


@contextmanager
def workspace() -> Iterator[Workspace]:
    """The workspace with Airflow's connections (of `make up`'s Airflow where that runs and AIRFLOW_HOME is not set).

    Whatever goes wrong in it is told to the reader, exit code 1.
    """
    try:
        attach(settings().root)
        # The operator's own process: Airflow then looks for connections in its database too, not only in variables.
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
        from sluice.airflow.workspace import airflow_workspace

        yield airflow_workspace()
    except SluiceError as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        err.print(f"What to do: {error.advice}.", markup=False, highlight=False)
        raise typer.Exit(1) from None


def main() -> None:
    """Run the command line."""
    app()


def _progress(what: str, names: list[str]) -> Iterator[str]:
    with err.status(what) as shown:
        for name in names:
            shown.update(f"{what}: {name}")
            yield name


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
