"""`sluice access`: who has access, for how long; given and taken back through Airflow."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from sluice.cli.environments import Name, Reason, through
from sluice.cli.terminal import AsJson, err, out, workspace

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
) -> None:
    """Give a user or a role access to an environment for a while."""
    through("change_access", what="grant", environment=environment, level=level, hours=hours, **_to(user, role, reason))


@app.command()
def revoke(environment: Name, reason: Reason, user: User = "", role: Role = "") -> None:
    """Take access back before its time is over."""
    through("change_access", what="revoke", environment=environment, **_to(user, role, reason))


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show who has access that ends: to what, until when, why."""
    from sluice.stages.access import current

    with workspace() as work, err.status("reading the journal"):
        found, now = current(work), work.now()
    if as_json:
        out.print_json(
            json.dumps(
                [{**asdict(one), "role": one.role.name, "holder": str(one.holder)} for one in found], default=str
            )
        )
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
    from sluice.airflow.operators.base import access
    from sluice.stages.access import review_access

    with workspace() as work, err.status("reading grants and history"):
        lines = review_access(work, access(), work.now())
    if as_json:
        out.print_json(json.dumps([asdict(one) for one in lines]))
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
        err.print("name one of --user and --role", style="red")
        raise typer.Exit(2)
    return {"to": "user" if user else "role", "holder": user or role, "reason": reason}
