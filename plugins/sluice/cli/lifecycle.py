"""`sluice env create` and what else changes environments that come and go: each triggers a DAG and follows it."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.environments import Name, app
from sluice.cli.runs import NoWait, Reason, RunAsJson, through
from sluice.cli.terminal import out, person

__all__ = ["app"]


@app.command()
def create(  # noqa: PLR0917 (one option for each field of the form)
    feature: Annotated[str, typer.Argument(help="what it is for; part of its name")] = "",
    from_branch: Annotated[str, typer.Option(help="a git branch to name it after")] = "",
    kind: Annotated[str, typer.Option(help="feature, testing or sandbox")] = "feature",
    owner: Annotated[str, typer.Option(help="whose it is; default: whoever is at this terminal")] = "",
    team: Annotated[str, typer.Option(help="whose budget it counts against")] = "",
    base: Annotated[str | None, typer.Option(help="the environment to clone, or: empty")] = None,
    schema: Annotated[list[str] | None, typer.Option(help="only this schema of the base; may be repeated")] = None,
    at: Annotated[str | None, typer.Option(help="the base as at this moment, e.g. 2026-11-20T08:00:00Z")] = None,
    hours: Annotated[int | None, typer.Option(min=1, help="how long it may live")] = None,
    budget: Annotated[float | None, typer.Option(help="USD a day")] = None,
    size: Annotated[str | None, typer.Option(help="of its warehouse")] = None,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Make an environment: a zero-copy clone with compute, access, a budget and an end of its own."""
    from sluice.domain.ephemeral.ephemeral_name import NEW

    if not (feature or from_branch):
        raise typer.BadParameter("say what it is for, or name a branch with --from-branch", param_hint="'FEATURE'")
    wishes = {"kind": kind, "feature": feature, "branch": from_branch, "owner": owner or person(), "team": team}
    more = {"base": base, "schemas": schema or None, "at": at, "hours": hours, "daily_usd": budget}
    conf: dict[str, object] = {"environment": NEW, "size": size.upper() if size else None, "reason": reason}
    through("provision_environment", {**conf, **wishes, **more}, as_json=as_json, no_wait=no_wait)


@app.command()
def extend(
    environment: Name,
    reason: Reason,
    hours: Annotated[
        int | None, typer.Option(min=1, help="how many more; default: as its kind's template says")
    ] = None,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Give it more time, up to its kind's maximum; answers a notice."""
    _change("extend", environment, reason, as_json=as_json, no_wait=no_wait, hours=hours)


@app.command()
def pin(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Let no sweep take it."""
    _change("pin", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def unpin(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Let sweeps treat it like others again."""
    _change("unpin", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def refresh(
    environment: Name,
    reason: Reason,
    keep: Annotated[bool, typer.Option("--keep", help="carry over what was made or changed in it")] = False,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Give it its base's data of now, in one exchange of names."""
    wishes = {"environment": environment, "keep": keep, "reason": reason}
    through("refresh_environment", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def build(
    environment: Name,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Build the working dbt project in it: what the project changed against its base's release."""
    wishes = {"environment": environment, "full_refresh": full_refresh, "reason": reason}
    through("build_environment", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def resize(
    environment: Name,
    size: Annotated[str, typer.Argument(help="e.g. SMALL")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Give its warehouse another size."""
    _change("resize", environment, reason, as_json=as_json, no_wait=no_wait, size=size.upper())


@app.command()
def budget(
    environment: Name,
    usd: Annotated[float, typer.Argument(help="USD a day")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Give it another budget, and its resource monitor with it."""
    _change("budget", environment, reason, as_json=as_json, no_wait=no_wait, daily_usd=usd)


@app.command(name="hand-over")
def hand_over(
    environment: Name,
    owner: Annotated[str, typer.Argument(help="to whom")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Make it somebody else's."""
    _change("hand over", environment, reason, as_json=as_json, no_wait=no_wait, owner=owner)


@app.command()
def undo(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Bring it back from quarantine, or from a drop while Snowflake keeps it."""
    _change("undo", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def destroy(  # noqa: PLR0917 (one option for each field of the form)
    environment: Name,
    reason: Reason,
    confirm: Annotated[str, typer.Option(help="its name once more")] = "",
    force: Annotated[bool, typer.Option("--force", help="without confirmation: testing environments only")] = False,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Remove it from the account; it can be undone while Snowflake keeps it."""
    wishes = {"environment": environment, "confirmation": confirm, "force": force, "reason": reason}
    through("destroy_environment", wishes, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def sweep(
    apply: Annotated[bool, typer.Option("--apply", help="do it; otherwise only shown")] = False,
    allow: Annotated[int | None, typer.Option(min=1, help="so many removals, where the bounds stopped a sweep")] = None,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Show what the nightly sweep would do now, or have it done."""
    ended = through("cleanup_sweep", {"dry_run": not apply, "allow": allow}, as_json=as_json, no_wait=no_wait)
    plan = ended.reports.get("plan", {}) if ended is not None else {}
    for finding in plan.get("findings", []):
        out.print(
            f"  {finding['action']:<10} {finding['environment']}: {finding['reason']}", markup=False, highlight=False
        )
    for line in (*(f"revoke     {grant}" for grant in plan.get("revoke", [])), *plan.get("leftovers", [])):
        out.print(f"  {line}", markup=False, highlight=False)
    for field, count in plan.get("more", {}).items():
        out.print(f"  … and {count} more {field}: {plan.get('kept')}", markup=False, highlight=False)


def _change(what: str, environment: str, reason: str, *, as_json: bool, no_wait: bool, **wishes: object) -> None:
    asked = {"environment": environment, "what": what, "reason": reason} | wishes
    through("change_environment", asked, about=[environment], as_json=as_json, no_wait=no_wait)
