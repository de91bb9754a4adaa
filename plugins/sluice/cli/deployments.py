"""The main jobs: `sluice provision`, `promote`, `refresh` and `rollback`, done by Airflow and followed here."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.runs import NoWait, Reason, RunAsJson, through
from sluice.cli.terminal import Environment

FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="build everything")]


def provision(
    environment: Environment, reason: Reason = "", as_json: RunAsJson = False, no_wait: NoWait = False
) -> None:
    """Make or repair an environment as its spec says; see it first with `sluice explain provision`."""
    wishes = {"environment": environment, "reason": reason}
    through("provision_environment", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


def promote(  # noqa: PLR0917 (one option for each field of the form)
    environment: Environment,
    release: Annotated[str | None, typer.Option(help="default: the release live upstream")] = None,
    full_refresh: FullRefresh = False,
    keep_candidate: Annotated[
        bool, typer.Option("--keep-candidate", help="a candidate that does not pass stays for inspection")
    ] = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Bring the release that runs upstream to an environment; it waits for whoever approves, and says for whom."""
    wishes = {"release": release, "full_refresh": full_refresh, "keep_candidate": keep_candidate, "reason": reason}
    through(f"promote_{environment}", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


def refresh(
    environment: Environment,
    full_refresh: FullRefresh = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Build the working dbt project in an environment, in place, and keep it as a release."""
    wishes = {"full_refresh": full_refresh, "reason": reason}
    through(f"refresh_{environment}", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


def rollback(
    environment: Environment,
    reason: Reason,
    deployment: Annotated[str, typer.Option(help="a retained deployment of `sluice status`, or previous")] = "previous",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Make a retained deployment live again, in one exchange of names."""
    wishes = {"environment": environment, "deployment": deployment, "reason": reason}
    through("rollback", wishes, about=[environment], as_json=as_json, no_wait=no_wait)
