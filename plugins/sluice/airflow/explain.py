"""Reports as Markdown, for the people who read them in Airflow's UI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sluice.domain.deployments import Deployment, StageReport
from sluice.domain.gates import Evidence


def approval_page(deployment: Deployment, reports: Iterable[StageReport]) -> str:
    """Return what an approver reads: who asks for what and why, what would change, what the gates have seen."""
    parts = [
        f"**{deployment.actor or 'airflow'}** asks {_wish(deployment)}.",
        f"Deployment `{deployment.id}`. Reason: {deployment.reason or 'none given'}.",
    ]
    for report in reports:
        parts.append(f"### {report.stage}\n\n{report.summary}")
        if report.facts:
            parts.append(facts_table(report.facts))
        if report.evidence:
            parts.append(evidence_table(report.evidence))
    return "\n\n".join(parts)


def _wish(deployment: Deployment) -> str:
    if not deployment.release:
        return f"to {deployment.kind} **{deployment.environment}**"
    extent = "full refresh" if deployment.full_refresh else "only what changed"
    return f"to bring release `{deployment.release}` to **{deployment.environment}** ({extent})"


def facts_table(facts: Mapping[str, object]) -> str:
    """Return facts as a two-column table."""
    rows = [f"| {_cell(name.replace('_', ' '))} | {_cell(_shown(value))} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def evidence_table(evidence: Iterable[Evidence]) -> str:
    """Return evidence as a table, verdict first."""
    rows = [
        f"| {one.verdict.value} | {_cell(one.gate)} | {_cell(one.observed)} | {_cell(one.limit)} |" for one in evidence
    ]
    return "\n".join(["| verdict | gate | observed | limit |", "|---|---|---|---|", *rows])


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value) or "none"
    return str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
