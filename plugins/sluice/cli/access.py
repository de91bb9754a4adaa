"""`sluice access`: temporary access to environments, granted and revoked through Airflow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from sluice.cli.environments import Name
from sluice.cli.runs import NoWait, Reason, RunAsJson, run_dag
from sluice.cli.terminal import AsJson, out, print_json, workspace

app = typer.Typer(no_args_is_help=True, help="Temporary access, and the access review.")

User = Annotated[str, typer.Option("--user", help="a Snowflake user")]
Role = Annotated[str, typer.Option("--role", help="a Snowflake role")]


@app.command()
def grant(  # noqa: PLR0917 (one option for each field of the form)
    environment: Name,
    reason: Reason,
    user: User = "",
    role: Role = "",
    level: Annotated[str, typer.Option(help="read or write")] = "read",
    hours: Annotated[int, typer.Option(min=1, help="how long")] = 24,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Grant a user or a role access to an environment for a number of hours."""
    values = {"what": "grant", "environment": environment, "level": level, "hours": hours} | _to(user, role, reason)
    run_dag("change_access", values, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def revoke(  # noqa: PLR0917 (one option for each field of the form)
    environment: Name,
    reason: Reason,
    user: User = "",
    role: Role = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Revoke access before it expires."""
    values = {"what": "revoke", "environment": environment} | _to(user, role, reason)
    run_dag("change_access", values, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show temporary grants: who, to what, until when, why."""
    from sluice.operations.access.access import current

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        grants, now = current(work), work.now()
    if as_json:
        print_json([{**asdict(grant), "role": grant.role.name, "holder": str(grant.holder)} for grant in grants])
        return
    if not grants:
        out.print("there are no temporary grants", highlight=False)
        return
    names = ("Environment", "Level", "Who", "Until (UTC)", "By", "Why")
    table = Table(*(Column(name, overflow="fold") for name in names), title="temporary access")
    for grant in grants:
        ends = f"{grant.until:%Y-%m-%d %H:%M}" + (" (expired: the next sweep revokes it)" if grant.ended(now) else "")
        table.add_row(grant.environment, grant.level, str(grant.holder), ends, grant.by, grant.reason)
    out.print(table)


@app.command()
def review(as_json: AsJson = False) -> None:
    """Show who has which role that sluice manages, since when, last used, and what should be revoked."""
    from sluice.operations.access.access import review_access

    with workspace("reading grants and history", when_empty=[], as_json=as_json) as work:
        lines = review_access(work, work.policy_files.access(), work.now())
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    if not lines:
        out.print("nobody but the service users of the environments has a role that sluice manages", highlight=False)
        return
    names = ("What to do", "Who", "Role", "Environment", "Since", "Last used", "Ends", "Why")
    table = Table(*(Column(name, overflow="fold") for name in names), title="access review")
    for line in lines:
        table.add_row(
            line.recommendation,
            line.holder,
            line.role,
            line.environment,
            line.since,
            line.last_used,
            line.ends,
            line.why,
        )
    out.print(table)


def _to(user: str, role: str, reason: str) -> dict[str, str]:
    if bool(user) == bool(role):
        raise typer.BadParameter("name one of them", param_hint="'--user' / '--role'")
    return {"to": "user" if user else "role", "holder": user or role, "reason": reason}
