"""The command line: how things stand, what a deployment would do, what has happened, and the main jobs."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated

import typer

from sluice import __version__
from sluice.cli import access, budgets, dbt, deployments, explain, hours, journal, lifecycle, policy
from sluice.cli.failures import Commands
from sluice.cli.init import init
from sluice.cli.status import status
from sluice.cli.terminal import out
from sluice.cli.unlock import unlock
from sluice.cli.upgrade import upgrade
from sluice.cli.validate import validate

app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(requested: bool) -> None:
    if requested:
        out.print(f"sluice {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def sluice(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Promote dbt projects on Snowflake from dev to production, roll back in seconds, keep environments and budgets."""


app.command()(init)
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
app.command()(unlock)
app.command()(upgrade)
app.command()(validate)
app.command(context_settings=dbt.SETTINGS)(dbt.dbt)


def main() -> None:
    """Run the command line; what its libraries warn of is for whoever works on it, not for its reader."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if os.environ.get("NO_COLOR"):  # Typer's own console would leave out the colours and keep the bold ones
        from typer import rich_utils

        rich_utils.COLOR_SYSTEM = None
        rich_utils.FORCE_TERMINAL = None
    app()
