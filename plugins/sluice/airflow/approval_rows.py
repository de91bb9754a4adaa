"""What an approver reads of a plan, row by row: Markdown from the facts that the task `plan` left in XCom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sluice.airflow.markdown import bold, names, text
from sluice.domain.budgets import admission
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.evidence import RANK, Evidence, Verdict
from sluice.domain.promotion.promotion_plan import moment, short_name

_REMOVED = 5
"""Names of removed relations that are shown; of built ones twice as many."""


def live_after(deployment: Deployment, facts: Mapping[str, object]) -> str:
    """Return what consumers read after the promotion."""
    full = ", every model built from nothing (full refresh)" if deployment.full_refresh else ""
    return f"release {text(deployment.release)} ({commit(facts, 'commit')}){full}"


def live_now(facts: Mapping[str, object]) -> str:
    """Return what consumers read now, and since when."""
    release = facts.get("live_release")
    if not release:
        return text(facts.get("live_now") or "unknown")
    same = ", which is this release" if facts.get("live_already") else ""
    return f"release {text(release)}{same} ({commit(facts, 'live_commit')}), {_since(facts)}"


def _since(facts: Mapping[str, object]) -> str:
    since = _at(facts.get("live_since"))
    return f"since {since}" if since else f"since when is unknown{_why_unknown(facts, 'live_since')}"


def commit(facts: Mapping[str, object], name: str) -> str:
    """Return the git commit of a release, or that it has none, or why that is unknown."""
    if found := str(facts.get(name) or ""):
        dirty = " with changes that are not committed" if found.endswith("-dirty") else ""
        return f"commit {text(found[:10])}{dirty}"
    why = _why_unknown(facts, name)
    return f"commit unknown{why}" if why else "no git commit"


def _why_unknown(facts: Mapping[str, object], name: str) -> str:
    unknown = facts.get("unknown")
    why = unknown.get(name) if isinstance(unknown, Mapping) else None
    return f": {text(why, 200)}" if why else ""


def models(facts: Mapping[str, object]) -> str:
    """Return how many models are built, removed and kept, with the first names."""
    built, removed = [short_name(name) for name in texts(facts, "built")], texts(facts, "removed")
    why = f" ({text(facts['why'], 100)})" if facts.get("why") else ""
    leaving = names(removed, count(facts, "removed"), most=_REMOVED)
    parts = [
        f"**{count(facts, 'built')} built**{why}{': ' if built else ''}{names(built, count(facts, 'built'))}",
        f"**{count(facts, 'removed')} removed**{': ' if removed else ''}{leaving}",
        f"**{_int(facts.get('kept'))} kept**",
        f"{_int(facts.get('tests'))} tests run",
    ]
    if history := texts(facts, "history"):
        parts.append(f"snapshots that left the project stay: {names(history)}")
    return " · ".join(parts)


def validation(facts: Mapping[str, object], room: int) -> str:
    """Return when the upstream took this release, and what its gates said, in about so many characters."""
    found = facts.get("validation")
    if not isinstance(found, Mapping):
        return f"**unknown**{_why_unknown(facts, 'validation')}"
    recorded = found.get("evidence")
    evidence = [Evidence.from_json(dict(each)) for each in recorded] if isinstance(recorded, list) else []
    when = f"{_at(found.get('at')) or 'at an unknown time'}, deployment {text(found.get('deployment'))}"
    if not evidence:
        return f"no gate's result is on record ({when})"
    passed = sum(each.verdict is Verdict.PASS for each in evidence)
    return f"**{passed} of {len(evidence)} passed** ({when}), in brackets what is allowed: {gates(evidence, room)}"


def gates(evidence: Iterable[Evidence], room: int) -> str:
    """Return each gate with what it saw and its limit, the worst first; those that passed as far as there is room."""
    shown: list[str] = []
    length = left = 0
    for each in worst_first(evidence):
        mark = "" if each.verdict is Verdict.PASS else f"{each.verdict.upper()} "
        line = f"{mark}{bold(each.gate)} {seen(each)}"
        length += len(line)
        if mark or length <= room:
            shown.append(line)
        else:
            left += 1
    return " · ".join(shown) + (f" · and {left} more passed" if left else "")


def seen(each: Evidence) -> str:
    """Return what a gate saw, and in brackets what is allowed."""
    return f"{text(each.observed, 160)} ({text(each.limit, 160)})"


def details(each: Evidence) -> str:
    """Return the first of what a gate's reader has to look at."""
    return f": {'; '.join(text(line, 120) for line in each.detail[:5])}" if each.detail else ""


def worst_first(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence, what stops or asks before what passed."""
    return sorted(evidence, key=lambda each: -RANK[each.verdict])


def cost(evidence: Iterable[Evidence]) -> str:
    """Return the predicted cost beside what is left of the budget."""
    predicted = next((each for each in evidence if each.gate == admission.GATE), None)
    if predicted is None:
        return "not predicted: `admission` is switched off in include/policies/budgets.yml"
    mark = "" if predicted.verdict is Verdict.PASS else f"{bold(predicted.verdict)}: "
    detail = f" ({text('; '.join(predicted.detail), 160)})" if predicted.detail else ""
    return f"{mark}{text(predicted.observed)}; {text(predicted.limit)}{detail}"


def warehouse(facts: Mapping[str, object]) -> str:
    """Return what happens to the warehouse."""
    scale = texts(facts, "scale")
    if len(scale) == 2:  # noqa: PLR2004 (before and during)
        return f"warehouse {text(scale[0])} → {text(scale[1])} while it runs"
    return f"warehouse stays {text(facts.get('size') or 'as it is')}"


def joined(lines: Sequence[str], count: int, most: int = 6) -> str:
    """Return the first lines in one, and how many more there are."""
    shown = " · ".join(text(line, 100) for line in lines[:most])
    return f"{shown} · and {count - most} more" if count > most else shown


def texts(facts: Mapping[str, object], name: str) -> list[str]:
    """Return a fact that is a list of texts; none where it is not."""
    found = facts.get(name)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def count(facts: Mapping[str, object], name: str) -> int:
    """Return how long a list of the facts was before it was cut for XCom."""
    counts = facts.get("counts")
    known = counts.get(name) if isinstance(counts, Mapping) else None
    return len(texts(facts, name)) if known is None else _int(known)


def _int(value: object) -> int:
    return int(str(value)) if value is not None else 0


def _at(value: object) -> str:
    return moment(datetime.fromisoformat(str(value))) if value else ""
