"""`sluice env`: environments that come and go, made and changed through Airflow, which decides and records."""

from __future__ import annotations

import getpass
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from sluice.cli.terminal import AsJson, err, out, workspace
from sluice.domain.lives import Life
from sluice.errors import SluiceError
from sluice.settings import settings

if TYPE_CHECKING:
    from sluice.stages.overview import Overview

app = typer.Typer(no_args_is_help=True, help="Environments that come and go.")

Name = Annotated[str, typer.Argument(help="an environment, e.g. dev_user_segmentation_john_20231201")]
Reason = Annotated[str, typer.Option(help="why; kept in the journal")]


@app.command(name="list")
def show_all(as_json: AsJson = False) -> None:
    """Show every environment that comes and goes: state, owner, age, idle time, cost so far, time left."""
    from sluice.stages.overview import overview

    with workspace() as work, err.status("reading journal, usage and metering"):
        now = work.now()
        found = overview(work, now)
    if as_json:
        out.print_json(json.dumps([told(one, now) for one in found]))
        return
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
    out.print(table)


@app.command()
def show(environment: Name) -> None:
    """Show one environment as JSON: its life, cost, access, history and spec."""
    from sluice.stages.access import current
    from sluice.stages.overview import overview
    from sluice.stages.status import audit

    with workspace() as work, err.status("reading journal, usage and metering"):
        work.including(environment)
        now = work.now()
        one = next(one for one in overview(work, now) if one.life.name == environment)
        passes = [
            str(p.holder) + f" {p.level} until {p.until.isoformat()}"
            for p in current(work)
            if p.environment == environment
        ]
        events = audit(work, environment, limit=20)
    history = [
        f"{each.at:%Y-%m-%d %H:%M:%S} {each.actor}: {each.kind} {each.payload.get('reason') or ''}" for each in events
    ]
    spec = one.life.spec.model_dump(mode="json")
    out.print_json(json.dumps(told(one, now) | {"access": passes, "history": history, "spec": spec}))


@app.command()
def inventory() -> None:
    """Show what journal and account disagree on, and what was left behind; exit code 1 where they disagree."""
    from sluice.airflow.operators.sweep import cleanup
    from sluice.stages.leftovers import find
    from sluice.stages.overview import disagreements

    with workspace() as work, err.status("comparing journal and account"):
        lines = disagreements(work)
        left = find(work, cleanup(), work.now())
    for line in (*lines, *(f"{one}{' (the next sweep drops it)' if one.drop else ''}" for one in left)):
        out.print(line, markup=False, highlight=False)
    if not lines and not left:
        out.print("journal and account agree, nothing was left behind")
    raise typer.Exit(1 if lines else 0)


@app.command()
def create(  # noqa: PLR0917 (one option for each field of the form)
    feature: Annotated[str, typer.Argument(help="what it is for; part of its name")] = "",
    from_branch: Annotated[str, typer.Option(help="a git branch to name it after")] = "",
    kind: Annotated[str, typer.Option(help="feature, testing or sandbox")] = "feature",
    owner: Annotated[str, typer.Option(help="whose it is")] = getpass.getuser(),
    team: Annotated[str, typer.Option(help="whose budget it counts against")] = "",
    base: Annotated[str | None, typer.Option(help="the environment to clone, or: empty")] = None,
    schema: Annotated[list[str] | None, typer.Option(help="only this schema of the base; may be repeated")] = None,
    at: Annotated[str | None, typer.Option(help="the base as at this moment, e.g. 2026-11-20T08:00:00Z")] = None,
    hours: Annotated[int | None, typer.Option(min=1, help="how long it may live")] = None,
    budget: Annotated[float | None, typer.Option(help="USD a day")] = None,
    size: Annotated[str | None, typer.Option(help="of its warehouse")] = None,
    reason: Reason = "",
) -> None:
    """Make an environment: a zero-copy clone with compute, access, a budget and an end of its own."""
    from sluice.airflow.operators.environments import NEW

    wishes = {"kind": kind, "feature": feature, "branch": from_branch, "owner": owner, "team": team, "reason": reason}
    more = {"base": base, "schemas": schema or None, "at": at, "hours": hours, "daily_usd": budget, "size": size}
    through("provision_environment", environment=NEW, **wishes, **more)


@app.command()
def extend(environment: Name, reason: Reason, hours: Annotated[int | None, typer.Option(min=1)] = None) -> None:
    """Give it more time, up to its kind's maximum; answers a notice."""
    through("change_environment", environment=environment, what="extend", hours=hours, reason=reason)


@app.command()
def pin(environment: Name, reason: Reason) -> None:
    """Let no sweep take it."""
    through("change_environment", environment=environment, what="pin", reason=reason)


@app.command()
def unpin(environment: Name, reason: Reason) -> None:
    """Let sweeps treat it like others again."""
    through("change_environment", environment=environment, what="unpin", reason=reason)


@app.command()
def refresh(
    environment: Name,
    reason: Reason,
    keep: Annotated[bool, typer.Option("--keep", help="carry over what was made or changed in it")] = False,
) -> None:
    """Give it its base's data of now, in one exchange of names."""
    through("refresh_environment", environment=environment, keep=keep, reason=reason)


@app.command()
def build(
    environment: Name,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    reason: Reason = "",
) -> None:
    """Build the working dbt project in it: what the project changed against its base's release."""
    through("build_environment", environment=environment, full_refresh=full_refresh, reason=reason)


@app.command()
def resize(environment: Name, size: Annotated[str, typer.Argument(help="e.g. SMALL")], reason: Reason) -> None:
    """Give its warehouse another size."""
    through("change_environment", environment=environment, what="resize", size=size, reason=reason)


@app.command()
def budget(environment: Name, usd: Annotated[float, typer.Argument(help="USD a day")], reason: Reason) -> None:
    """Give it another budget, and its resource monitor with it."""
    through("change_environment", environment=environment, what="budget", daily_usd=usd, reason=reason)


@app.command(name="hand-over")
def hand_over(environment: Name, owner: Annotated[str, typer.Argument(help="to whom")], reason: Reason) -> None:
    """Make it somebody else's."""
    through("change_environment", environment=environment, what="hand over", owner=owner, reason=reason)


@app.command()
def undo(environment: Name, reason: Reason) -> None:
    """Bring it back from quarantine, or from a drop while Snowflake keeps it."""
    through("change_environment", environment=environment, what="undo", reason=reason)


@app.command()
def destroy(
    environment: Name,
    reason: Reason,
    confirm: Annotated[str, typer.Option(help="its name once more")] = "",
    force: Annotated[bool, typer.Option("--force", help="without confirmation: testing environments only")] = False,
) -> None:
    """Remove it from the account; it can be undone while Snowflake keeps it."""
    through("destroy_environment", environment=environment, confirmation=confirm, force=force, reason=reason)


@app.command()
def sweep(
    apply: Annotated[bool, typer.Option("--apply", help="do it; otherwise only shown")] = False,
    allow: Annotated[int | None, typer.Option(min=1, help="so many removals, where the bounds stopped a sweep")] = None,
) -> None:
    """Show what the nightly sweep would do now, or have it done."""
    through("cleanup_sweep", dry_run=not apply, allow=allow)


def through(dag_id: str, **conf: object) -> None:
    """Trigger a DAG and follow it to its end; exit code 1 when it fails, the failing task's words shown."""
    from sluice.laptop.follow import follow, why
    from sluice.laptop.signin import signed_in

    try:
        with signed_in(settings().root) as api:
            run = api.trigger(dag_id, **conf)
            out.print(f"{dag_id}: {run.run_id} at {api.url}", highlight=False, markup=False)
            with Console(stderr=True).status("following the run"):
                ended = follow(api, run, lambda line: out.print(line, markup=False, highlight=False))
            if ended.state != "success":
                raise why(api, ended, settings().root / "build")
    except SluiceError as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def told(one: Overview, now: datetime) -> dict[str, object]:
    """Return an environment with its idle time and cost as primitives."""
    idle = one.idle(now)
    return facts(one.life, now) | {
        "last_used": one.last_used.isoformat() if one.last_used else None,
        "idle_hours": round(idle.total_seconds() / 3600, 1) if idle is not None else None,
        "cost_usd": round(one.cost.usd, 4),
        "cost_provenance": str(one.cost.provenance),
        "usd_per_hour": round(one.usd_per_hour, 4),
    }


def facts(life: Life, now: datetime) -> dict[str, object]:
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
