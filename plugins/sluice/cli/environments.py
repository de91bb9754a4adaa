"""`sluice env`: shows ephemeral environments; what changes them is in lifecycle.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from sluice.cli.terminal import AsJson, out, print_json, workspace
from sluice.errors import SpecError

if TYPE_CHECKING:
    from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment
    from sluice.operations.ephemeral.overview import Overview
    from sluice.operations.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Ephemeral environments.")

Name = Annotated[str, typer.Argument(help="an environment, e.g. dev_user_segmentation_john_20231201")]


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show every ephemeral environment: state, owner, age, idle time, cost so far, time left."""
    from sluice.operations.ephemeral.overview import overview

    with workspace("reading journal, usage and metering", when_empty=[], as_json=as_json) as work:
        now = work.now()
        overviews = overview(work, now)
    if as_json:
        print_json([as_dict(each, now) for each in overviews])
    elif overviews:
        out.print(_table(overviews, now))
    else:
        out.print("no ephemeral environment; create one: sluice env create", highlight=False)


@app.command()
def show(environment: Name, as_json: AsJson = False) -> None:
    """Show one environment: state, cost, access, history and spec."""
    with workspace("reading journal, usage and metering") as work:
        facts = _all_of(work, environment)
    if as_json:
        print_json(facts)
        return
    import yaml

    # By way of JSON, so that what is printed is plain YAML.
    plain = yaml.safe_dump(_plain(facts), sort_keys=False, allow_unicode=True, width=110)
    out.print(plain, markup=False, highlight=False, soft_wrap=True, end="")


@app.command()
def inventory(as_json: AsJson = False) -> None:
    """Show where journal and account disagree, and orphaned objects; exit code 1 where they disagree."""
    from sluice.operations.cleanup.orphans import find
    from sluice.operations.ephemeral.overview import disagreements

    empty: dict[str, list[object]] = {"disagreements": [], "leftovers": []}
    with workspace("comparing journal and account", when_empty=empty, as_json=as_json) as work:
        lines = disagreements(work)
        orphans = find(work, work.policy_files.cleanup(), work.now())
    if as_json:
        leftovers = [{"what": str(orphan), "next_sweep_drops_it": orphan.drop} for orphan in orphans]
        print_json({"disagreements": lines, "leftovers": leftovers})
        raise typer.Exit(1 if lines else 0)
    for line in (*lines, *(f"{orphan}{' (the next sweep drops it)' if orphan.drop else ''}" for orphan in orphans)):
        out.print(line, markup=False, highlight=False)
    if not lines and not orphans:
        out.print("journal and account agree, there are no orphaned objects")
    raise typer.Exit(1 if lines else 0)


def _table(overviews: Iterable[Overview], now: datetime) -> Table:
    columns = ("Environment", "Kind", "State", "Owner", "Age", "Idle", "Cost", "USD/day", "Left", "Why")
    table = Table(*(Column(name, overflow="fold") for name in columns), title="ephemeral environments")
    for each in overviews:
        environment = each.life
        remaining = "pinned" if environment.pinned else span(environment.hours_left(now))
        age = span((now - environment.created).total_seconds() / 3600)
        idle = each.idle(now)
        idling = span(idle.total_seconds() / 3600) if idle is not None else "not known"
        cost = f"{each.cost.usd:.2f} {each.cost.provenance}" if each.cost.usd else "0"
        limit = str(environment.spec.budget.daily_usd)
        table.add_row(
            environment.name,
            environment.spec.kind,
            environment.state,
            environment.owner,
            age,
            idling,
            cost,
            limit,
            remaining,
            environment.reason,
        )
    return table


def _all_of(work: Workspace, environment: str) -> dict[str, object]:
    from sluice.operations.access.access import current
    from sluice.operations.ephemeral.overview import overview
    from sluice.operations.status import audit

    work.including(environment)
    now = work.now()
    overviews = {each.life.name: each for each in overview(work, now)}
    if environment not in overviews:
        raise SpecError(
            "this environment is permanent",
            where="environment",
            value=environment,
            good=", ".join(overviews) or "sluice status, sluice history, and its file in include/environments",
        )
    grants = [grant for grant in current(work) if grant.environment == environment]
    events = audit(work, environment, limit=20)
    return as_dict(overviews[environment], now) | {
        "access": [f"{grant.holder} {grant.level} until {grant.until.isoformat()}" for grant in grants],
        "history": [
            f"{event.at:%Y-%m-%d %H:%M:%S} {event.actor}: {event.kind} {event.payload.get('reason') or ''}".rstrip()
            for event in events
        ],
        "spec": overviews[environment].life.spec.model_dump(mode="json"),
    }


def _plain(facts: object) -> object:
    import json

    return json.loads(json.dumps(facts, default=str))


def as_dict(overview: Overview, now: datetime) -> dict[str, object]:
    """Return an environment with its idle time and cost as primitives."""
    idle = overview.idle(now)
    return facts(overview.life, now) | {
        "last_used": overview.last_used.isoformat() if overview.last_used else None,
        "idle_hours": round(idle.total_seconds() / 3600, 1) if idle is not None else None,
        "cost_usd": round(overview.cost.usd, 4),
        "cost_provenance": str(overview.cost.provenance),
        "usd_per_hour": round(overview.usd_per_hour, 4),
    }


def facts(environment: EphemeralEnvironment, now: datetime) -> dict[str, object]:
    """Return an environment's state as primitives."""
    return {
        "environment": environment.name,
        "kind": str(environment.spec.kind),
        "state": str(environment.state),
        "owner": environment.owner,
        "team": environment.team,
        "created": environment.created.isoformat(),
        "expires": environment.expires.isoformat(),
        "hours_left": round(environment.hours_left(now), 1),
        "pinned": environment.pinned,
        "until": environment.until.isoformat() if environment.until else None,
        "daily_usd": str(environment.spec.budget.daily_usd),
        "reason": environment.reason,
    }


def span(hours: float) -> str:
    """Return hours as people say them: `5 h`, `3.2 d`, `-2 h`."""
    return f"{hours:.0f} h" if abs(hours) < 48 else f"{hours / 24:.1f} d"  # noqa: PLR2004 (two days)
