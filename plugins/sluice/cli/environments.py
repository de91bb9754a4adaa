"""`sluice env`: environments that come and go, as they are; what changes them is in lifecycle.py."""

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

app = typer.Typer(no_args_is_help=True, help="Environments that come and go.")

Name = Annotated[str, typer.Argument(help="an environment, e.g. dev_user_segmentation_john_20231201")]


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show every environment that comes and goes: state, owner, age, idle time, cost so far, time left."""
    from sluice.operations.ephemeral.overview import overview

    with workspace("reading journal, usage and metering", when_empty=[], as_json=as_json) as work:
        now = work.now()
        found = overview(work, now)
    if as_json:
        print_json([as_dict(one, now) for one in found])
    elif found:
        out.print(_table(found, now))
    else:
        out.print("no environment that comes and goes; make one: sluice env create", highlight=False)


@app.command()
def show(environment: Name, as_json: AsJson = False) -> None:
    """Show one environment: its life, cost, access, history and spec."""
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
    """Show what journal and account disagree on, and what was left behind; exit code 1 where they disagree."""
    from sluice.operations.cleanup.orphans import find
    from sluice.operations.ephemeral.overview import disagreements

    empty: dict[str, list[object]] = {"disagreements": [], "leftovers": []}
    with workspace("comparing journal and account", when_empty=empty, as_json=as_json) as work:
        lines = disagreements(work)
        left = find(work, work.policy_files.cleanup(), work.now())
    if as_json:
        leftovers = [{"what": str(one), "next_sweep_drops_it": one.drop} for one in left]
        print_json({"disagreements": lines, "leftovers": leftovers})
        raise typer.Exit(1 if lines else 0)
    for line in (*lines, *(f"{one}{' (the next sweep drops it)' if one.drop else ''}" for one in left)):
        out.print(line, markup=False, highlight=False)
    if not lines and not left:
        out.print("journal and account agree, nothing was left behind")
    raise typer.Exit(1 if lines else 0)


def _table(found: Iterable[Overview], now: datetime) -> Table:
    columns = ("Environment", "Kind", "State", "Owner", "Age", "Idle", "Cost", "USD/day", "Left", "Why")
    table = Table(*(Column(name, overflow="fold") for name in columns), title="environments that come and go")
    for one in found:
        life = one.life
        left = "pinned" if life.pinned else span(life.left(now))
        age = span((now - life.created).total_seconds() / 3600)
        idle = one.idle(now)
        idling = span(idle.total_seconds() / 3600) if idle is not None else "not known"
        cost = f"{one.cost.usd:.2f} {one.cost.provenance}" if one.cost.usd else "0"
        limit = str(life.spec.budget.daily_usd)
        table.add_row(life.name, life.spec.kind, life.state, life.owner, age, idling, cost, limit, left, life.reason)
    return table


def _all_of(work: Workspace, environment: str) -> dict[str, object]:
    from sluice.operations.access.access import current
    from sluice.operations.ephemeral.overview import overview
    from sluice.operations.status import audit

    work.including(environment)
    now = work.now()
    found = {one.life.name: one for one in overview(work, now)}
    if environment not in found:
        raise SpecError(
            "this environment stands for good",
            where="environment",
            value=environment,
            good=", ".join(found) or "sluice status, sluice history, and its file in include/environments",
        )
    given = [grant for grant in current(work) if grant.environment == environment]
    events = audit(work, environment, limit=20)
    return as_dict(found[environment], now) | {
        "access": [f"{grant.holder} {grant.level} until {grant.until.isoformat()}" for grant in given],
        "history": [
            f"{event.at:%Y-%m-%d %H:%M:%S} {event.actor}: {event.kind} {event.payload.get('reason') or ''}".rstrip()
            for event in events
        ],
        "spec": found[environment].life.spec.model_dump(mode="json"),
    }


def _plain(facts: object) -> object:
    import json

    return json.loads(json.dumps(facts, default=str))


def as_dict(one: Overview, now: datetime) -> dict[str, object]:
    """Return an environment with its idle time and cost as primitives."""
    idle = one.idle(now)
    return facts(one.life, now) | {
        "last_used": one.last_used.isoformat() if one.last_used else None,
        "idle_hours": round(idle.total_seconds() / 3600, 1) if idle is not None else None,
        "cost_usd": round(one.cost.usd, 4),
        "cost_provenance": str(one.cost.provenance),
        "usd_per_hour": round(one.usd_per_hour, 4),
    }


def facts(life: EphemeralEnvironment, now: datetime) -> dict[str, object]:
    """Return a life as primitives."""
    return {
        "environment": life.name,
        "kind": str(life.spec.kind),
        "state": str(life.state),
        "owner": life.owner,
        "team": life.team,
        "created": life.created.isoformat(),
        "expires": life.expires.isoformat(),
        "hours_left": round(life.left(now), 1),
        "pinned": life.pinned,
        "until": life.until.isoformat() if life.until else None,
        "daily_usd": str(life.spec.budget.daily_usd),
        "reason": life.reason,
    }


def span(hours: float) -> str:
    """Return hours as people say them: `5 h`, `3.2 d`, `-2 h`."""
    return f"{hours:.0f} h" if abs(hours) < 48 else f"{hours / 24:.1f} d"  # noqa: PLR2004 (two days)
