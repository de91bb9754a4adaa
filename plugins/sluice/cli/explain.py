"""`sluice explain`: the steps that would run, and what they would likely cost; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.cli.terminal import AsJson, Environment, out, print_json, workspace

if TYPE_CHECKING:
    from sluice.domain.promotion.evidence import Evidence

app = typer.Typer(no_args_is_help=True, help="Print the steps that would run; nothing is changed.")


@app.command()
def promote(
    environment: Environment,
    release: Annotated[str | None, typer.Option(help="default: the release live upstream")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="build everything")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what promoting to an environment would do."""
    from sluice.operations.budgets.admission import expected
    from sluice.operations.promotion.planning import plan

    with workspace("comparing the releases") as work:
        deployment, report = plan(work, environment, release=release, full_refresh=full_refresh, now=datetime.now(UTC))
        report = expected(work, deployment, report, work.policy_files.budgets(), work.now())
    if as_json:
        print_json(report.to_json())
        return
    out.print(f"[bold]{report.summary}[/bold]", highlight=False)
    lines = report.facts.get("lines")
    for line in lines if isinstance(lines, list) else []:
        out.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    _print_evidence(report.evidence)


@app.command()
def provision(environment: Environment, as_json: AsJson = False) -> None:
    """Show what provisioning an environment would create or repair, and what a build in it will likely cost."""
    from sluice.domain.provisioning.steps import as_text, explain
    from sluice.operations.budgets.admission import expected_next
    from sluice.operations.provisioning.provision import plan_provision

    with workspace("comparing spec and account") as work:
        known = work.including(environment)
        plan = plan_provision(known, environment, work.now())
        builds = expected_next(known, known.spec(environment), work.policy_files.budgets(), work.now())
    if as_json:
        evidence = [build.to_json() for build in builds]
        steps = [asdict(step) for step in explain(plan)]
        print_json({"environment": environment, "steps": steps, "notes": list(plan.notes), "evidence": evidence})
        return
    out.print(as_text(plan), markup=False, highlight=False, soft_wrap=True)
    _print_evidence(builds)


def _print_evidence(evidence: Iterable[Evidence]) -> None:
    for finding in evidence:
        line = f"  {finding.gate}: {finding.observed}; {finding.limit}: {finding.verdict}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
