"""`sluice access`: who has access, for how long; given and taken back through Airflow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from sluice.cli.environments import Name
from sluice.cli.runs import NoWait, Reason, RunAsJson, through
from sluice.cli.terminal import AsJson, out, print_json, workspace

app = typer.Typer(no_args_is_help=True, help="Access that ends by itself, and the review of who has what.")

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
    """Give a user or a role access to an environment for a while."""
    wishes = {"what": "grant", "environment": environment, "level": level, "hours": hours} | _to(user, role, reason)
    through("change_access", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def revoke(  # noqa: PLR0917 (one option for each field of the form)
    environment: Name,
    reason: Reason,
    user: User = "",
    role: Role = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Take access back before its time is over."""
    wishes = {"what": "revoke", "environment": environment} | _to(user, role, reason)
    through("change_access", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show who has access that ends: to what, until when, why."""
    from sluice.operations.access.access import current

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        found, now = current(work), work.now()
    if as_json:
        print_json([{**asdict(one), "role": one.role.name, "holder": str(one.holder)} for one in found])
        return
    if not found:
        out.print("nobody has access that ends by itself", highlight=False)
        return
    names = ("Environment", "Level", "Who", "Until (UTC)", "By", "Why")
    table = Table(*(Column(name, overflow="fold") for name in names), title="access that ends by itself")
    for one in found:
        ends = f"{one.until:%Y-%m-%d %H:%M}" + (" (over: the next sweep takes it back)" if one.ended(now) else "")
        table.add_row(one.environment, one.level, str(one.holder), ends, one.by, one.reason)
    out.print(table)


@app.command()
def review(as_json: AsJson = False) -> None:
    """Show who has which role of ours, since when, last used, and what should be taken back."""
    from sluice.operations.access.access import review_access

    with workspace("reading grants and history", when_empty=[], as_json=as_json) as work:
        lines = review_access(work, work.policy_files.access(), work.now())
    if as_json:
        print_json([asdict(one) for one in lines])
        return
    if not lines:
        out.print("nobody but the environments' own users has a role of ours", highlight=False)
        return
    names = ("What to do", "Who", "Role", "Environment", "Since", "Last used", "Ends", "Why")
    table = Table(*(Column(name, overflow="fold") for name in names), title="access review")
    for one in lines:
        table.add_row(
            one.recommendation, one.holder, one.role, one.environment, one.since, one.last_used, one.ends, one.why
        )
    out.print(table)


def _to(user: str, role: str, reason: str) -> dict[str, str]:
    if bool(user) == bool(role):
        raise typer.BadParameter("name one of them", param_hint="'--user' / '--role'")
    return {"to": "user" if user else "role", "holder": user or role, "reason": reason}
