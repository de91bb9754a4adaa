"""The main jobs: `sluice provision`, `promote`, `refresh` and `rollback`, done by Airflow and followed here."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.runs import NoWait, Reason, RunAsJson, run_dag
from sluice.cli.terminal import Environment

FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="build everything")]


def provision(
    environment: Environment, reason: Reason = "", as_json: RunAsJson = False, no_wait: NoWait = False
) -> None:
    """Create or repair an environment as its spec says; preview with `sluice explain provision`."""
    values = {"environment": environment, "reason": reason}
    run_dag("provision_environment", values, about=[environment], as_json=as_json, no_wait=no_wait)


def promote(  # noqa: PLR0917 (one option for each field of the form)
    environment: Environment,
    release: Annotated[str | None, typer.Option(help="default: the release live upstream")] = None,
    full_refresh: FullRefresh = False,
    keep_candidate: Annotated[
        bool, typer.Option("--keep-candidate", help="keep a candidate that does not pass, for inspection")
    ] = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Promote the release that is live upstream to an environment; waits for approval and says whose."""
    values = {"release": release, "full_refresh": full_refresh, "keep_candidate": keep_candidate, "reason": reason}
    run_dag(f"promote_{environment}", values, about=[environment], as_json=as_json, no_wait=no_wait)


def refresh(
    environment: Environment,
    full_refresh: FullRefresh = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Build the working dbt project in an environment, in place, and keep it as a release."""
    values = {"full_refresh": full_refresh, "reason": reason}
    run_dag(f"refresh_{environment}", values, about=[environment], as_json=as_json, no_wait=no_wait)


def rollback(
    environment: Environment,
    reason: Reason,
    deployment: Annotated[str, typer.Option(help="a retained deployment of `sluice status`, or previous")] = "previous",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Make a retained deployment live again by one atomic swap."""
    values = {"environment": environment, "deployment": deployment, "reason": reason}
    run_dag("rollback", values, about=[environment], as_json=as_json, no_wait=no_wait)
