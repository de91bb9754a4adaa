"""`sluice env create` and the other changes of ephemeral environments: each triggers a DAG and follows it."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.environments import Name, app
from sluice.cli.runs import NoWait, Reason, RunAsJson, run_dag
from sluice.cli.terminal import out, person

__all__ = ["app"]


@app.command()
def create(  # noqa: PLR0917 (one option for each field of the form)
    feature: Annotated[str, typer.Argument(help="what it is for; part of its name")] = "",
    from_branch: Annotated[str, typer.Option(help="a git branch to name it after")] = "",
    kind: Annotated[str, typer.Option(help="feature, testing or sandbox")] = "feature",
    owner: Annotated[str, typer.Option(help="the owner; default: the user of this terminal")] = "",
    team: Annotated[str, typer.Option(help="the team whose budget it counts against")] = "",
    base: Annotated[str | None, typer.Option(help="the environment to clone, or: empty")] = None,
    schema: Annotated[list[str] | None, typer.Option(help="only this schema of the base; may be repeated")] = None,
    at: Annotated[str | None, typer.Option(help="clone the base as of this time, e.g. 2026-11-20T08:00:00Z")] = None,
    hours: Annotated[int | None, typer.Option(min=1, help="its lifetime")] = None,
    budget: Annotated[float | None, typer.Option(help="USD a day")] = None,
    size: Annotated[str | None, typer.Option(help="of its warehouse")] = None,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Create an environment: a zero-copy clone with its own compute, access, budget and expiry."""
    from sluice.domain.ephemeral.ephemeral_name import NEW

    if not (feature or from_branch):
        raise typer.BadParameter("say what it is for, or name a branch with --from-branch", param_hint="'FEATURE'")
    values = {"kind": kind, "feature": feature, "branch": from_branch, "owner": owner or person(), "team": team}
    more = {"base": base, "schemas": schema or None, "at": at, "hours": hours, "daily_usd": budget}
    conf: dict[str, object] = {"environment": NEW, "size": size.upper() if size else None, "reason": reason}
    run_dag("provision_environment", {**conf, **values, **more}, as_json=as_json, no_wait=no_wait)


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
    """Extend its lifetime, up to the maximum of its kind; answers a clean-up notice."""
    _change("extend", environment, reason, as_json=as_json, no_wait=no_wait, hours=hours)


@app.command()
def pin(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Exclude from clean-up."""
    _change("pin", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def unpin(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Include in clean-up again."""
    _change("unpin", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def reclone(
    environment: Name,
    reason: Reason,
    keep: Annotated[bool, typer.Option("--keep", help="carry over objects created or changed in it")] = False,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Re-clone from its base environment and swap."""
    values = {"environment": environment, "keep": keep, "reason": reason}
    run_dag("reclone_environment", values, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def build(
    environment: Name,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    reason: Reason = "",
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Build the working dbt project in it: models changed against the release of its base."""
    values = {"environment": environment, "full_refresh": full_refresh, "reason": reason}
    run_dag("build_environment", values, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def resize(
    environment: Name,
    size: Annotated[str, typer.Argument(help="e.g. SMALL")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Resize its warehouse."""
    _change("resize", environment, reason, as_json=as_json, no_wait=no_wait, size=size.upper())


@app.command()
def budget(
    environment: Name,
    usd: Annotated[float, typer.Argument(help="USD a day")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Change its budget and resource monitor."""
    _change("budget", environment, reason, as_json=as_json, no_wait=no_wait, daily_usd=usd)


@app.command()
def transfer(
    environment: Name,
    owner: Annotated[str, typer.Argument(help="the new owner")],
    reason: Reason,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Transfer ownership."""
    _change("transfer", environment, reason, as_json=as_json, no_wait=no_wait, owner=owner)


@app.command()
def undo(environment: Name, reason: Reason, as_json: RunAsJson = False, no_wait: NoWait = False) -> None:
    """Restore it from quarantine, or after a drop within Snowflake's retention time."""
    _change("undo", environment, reason, as_json=as_json, no_wait=no_wait)


@app.command()
def destroy(  # noqa: PLR0917 (one option for each field of the form)
    environment: Name,
    reason: Reason,
    confirm: Annotated[str, typer.Option(help="its name again")] = "",
    force: Annotated[bool, typer.Option("--force", help="without confirmation: testing environments only")] = False,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Remove it from the account; `undo` works within Snowflake's retention time."""
    values = {"environment": environment, "confirmation": confirm, "force": force, "reason": reason}
    run_dag("destroy_environment", values, about=[environment], as_json=as_json, no_wait=no_wait)


@app.command()
def sweep(
    apply: Annotated[bool, typer.Option("--apply", help="do it; otherwise a dry run")] = False,
    allow: Annotated[
        int | None, typer.Option(min=1, help="allow so many removals, where the limits stopped a sweep")
    ] = None,
    as_json: RunAsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Show what the nightly sweep would do now, or run it."""
    ended = run_dag("cleanup_sweep", {"dry_run": not apply, "allow": allow}, as_json=as_json, no_wait=no_wait)
    plan = ended.reports.get("plan", {}) if ended is not None else {}
    for finding in plan.get("findings", []):
        out.print(
            f"  {finding['action']:<10} {finding['environment']}: {finding['reason']}", markup=False, highlight=False
        )
    for line in (*(f"revoke     {grant}" for grant in plan.get("revoke", [])), *plan.get("leftovers", [])):
        out.print(f"  {line}", markup=False, highlight=False)
    for field, count in plan.get("more", {}).items():
        out.print(f"  … and {count} more {field}: {plan.get('kept')}", markup=False, highlight=False)


def _change(what: str, environment: str, reason: str, *, as_json: bool, no_wait: bool, **more: object) -> None:
    values = {"environment": environment, "what": what, "reason": reason} | more
    run_dag("change_environment", values, about=[environment], as_json=as_json, no_wait=no_wait)
