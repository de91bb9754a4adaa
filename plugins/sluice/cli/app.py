"""The command line: how things stand, what a deployment would do, what has happened, and the main jobs."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from sluice import __version__
from sluice.cli import access, budgets, deployments, explain, hours, journal, lifecycle, policy
from sluice.cli.failures import Commands
from sluice.cli.status import status
from sluice.cli.terminal import Environment, out, workspace

if TYPE_CHECKING:
    from sluice.domain.blocks import ComputeBlock

app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"sluice {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def sluice(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Promote dbt projects on Snowflake from dev to production, roll back in seconds, keep environments and budgets."""


app.command()(status)
app.add_typer(explain.app, name="explain")
app.command()(deployments.provision)
app.command()(deployments.promote)
app.command()(deployments.refresh)
app.command()(deployments.rollback)
app.command()(journal.history)
app.command()(journal.audit)
app.add_typer(lifecycle.app, name="env")
app.add_typer(access.app, name="access")
app.add_typer(budgets.app, name="budget")
app.add_typer(hours.app, name="hours")
app.add_typer(policy.app, name="policy")


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


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(
    context: typer.Context,
    environment: Environment,
    developer: Annotated[str, typer.Option(help="goes before the name of each schema")] = getpass.getuser(),
) -> None:
    """Run dbt on the working project in schemas of your own: `sluice dbt dev build --select fct_orders`."""
    from sluice.dbt.invoke import at_the_terminal
    from sluice.stages.building import against_base, by_hand

    with workspace() as work:
        known = work.including(environment)
        call, words = by_hand(known, environment, developer), list(context.args)
        chosen = {"--select", "-s", "--state", "--defer", "--full-refresh", "--selector"} & set(words)
        if not chosen and words[:1] in (["build"], ["run"], ["test"], ["compile"]):
            words += against_base(known, call, environment)
        succeeded = at_the_terminal(call, words)
    raise typer.Exit(0 if succeeded else 1)


def main() -> None:
    """Run the command line; what its libraries warn of is for whoever works on it, not for its reader."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if os.environ.get("NO_COLOR"):  # Typer's own console would leave out the colours and keep the bold ones
        from typer import rich_utils

        rich_utils.COLOR_SYSTEM = None
    app()
