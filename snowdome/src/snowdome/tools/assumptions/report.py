"""Findings for people and for programs: a table, and JSON; and the assumptions as a table of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from snowdome.tools.assumptions.experiment import DIFFERENT, SAME, UNTRIED, Experiment, Finding, NotTestable

STYLES = {SAME: "green", DIFFERENT: "bold red", UNTRIED: "yellow"}


def show(console: Console, findings: Sequence[Finding]) -> None:
    """The findings are on the console, those that differ with what was expected and what was found."""
    table = Table("assumption", "snowdome assumes", "expected", "found", "outcome", show_lines=False)
    for one in findings:
        table.add_row(one.key, one.assumes, one.expected, one.found, f"[{STYLES[one.outcome]}]{one.outcome}[/]")
    console.print(table)
    counts = {outcome: sum(one.outcome == outcome for one in findings) for outcome in STYLES}
    console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))


def as_json(findings: Iterable[Finding]) -> str:
    """The findings as JSON."""
    return json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False) + "\n"


def markdown(assumptions: Iterable[Experiment | NotTestable]) -> str:
    """The assumptions as tables of Markdown, one for each topic."""
    by_topic: dict[str, list[Experiment | NotTestable]] = {}
    for one in assumptions:
        by_topic.setdefault(one.topic, []).append(one)
    return "\n\n".join(_topic(topic, of) for topic, of in by_topic.items())


def _topic(topic: str, assumptions: list[Experiment | NotTestable]) -> str:
    lines = [f"### {topic}", "", "| | snowdome assumes | asked by |", "|---|---|---|"]
    for one in assumptions:
        asked = f"`{one.key}`: {one.expected}" if isinstance(one, Experiment) else f"not asked: {one.why}"
        lines.append(f"| {one.mark} | {_cell(one.assumes)} | {_cell(asked)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
