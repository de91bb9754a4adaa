"""The gates before a cut-over: each turns what was observed and what is allowed into one piece of evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sluice.domain.names import Identifier, undotted
from sluice.domain.promotion.database_rights import Right
from sluice.domain.promotion.evidence import RANK, Evidence, Verdict
from sluice.domain.promotion.gate_policy import ColumnsGate, DbtGate, Metric, QualityGate, RowCountGate, RunTimeGate
from sluice.domain.promotion.inventory import Inventory

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What is known of one data test: its weight, whether it passed, and where that was seen."""

    __test__ = False

    name: str
    passed: bool
    weight: float = 1.0
    carried: bool = False
    """Seen by an earlier deployment on data that this one did not touch."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One named metric, read from live and from the candidate."""

    metric: Metric
    old: float | None
    new: float | None
    problem: str = ""
    """Why there is no figure: of the candidate where that has none, else of live."""


def judge_dbt(gate: DbtGate, ran: int, failures: Iterable[str], warnings: Iterable[str], skipped: int) -> Evidence:
    """Every node that dbt ran has succeeded, and few enough tests warn."""
    bad, warned = tuple(failures), tuple(warnings)
    verdict = Verdict.PASS
    if len(warned) > gate.warnings_marginal:
        verdict = Verdict.MARGINAL
    if bad or skipped or (gate.warnings_fail is not None and len(warned) > gate.warnings_fail):
        verdict = Verdict.FAIL
    observed = f"{ran} nodes ran, {len(bad)} failed, {skipped} skipped, {len(warned)} warned"
    limit = f"0 failed, 0 skipped, ≤ {gate.warnings_marginal} warned"
    detail = bad[:_SHOWN] or tuple(f"warned: {line}" for line in warned[:_SHOWN])
    return Evidence("dbt results", verdict, observed, limit, detail)


def judge_quality(gate: QualityGate, outcomes: Iterable[TestOutcome]) -> Evidence:
    """The weighted share of data tests that pass is high enough."""
    known_outcomes = tuple(outcomes)
    total = sum(outcome.weight for outcome in known_outcomes)
    limit = f"≥ {gate.pass_at}, marginal from {gate.marginal_at}"
    if not total:
        return Evidence("quality score", Verdict.MARGINAL, "no data test is known", limit)
    score = Decimal(str(round(sum(outcome.weight for outcome in known_outcomes if outcome.passed) / total, 6)))
    verdict = Verdict.PASS if score >= gate.pass_at else Verdict.MARGINAL if score >= gate.marginal_at else Verdict.FAIL
    carried = sum(outcome.carried for outcome in known_outcomes)
    passed = sum(outcome.passed for outcome in known_outcomes)
    observed = f"{score:.4f} ({passed} of {len(known_outcomes)} tests pass; {carried} carried over)"
    return Evidence(
        "quality score", verdict, observed, limit, tuple(o.name for o in known_outcomes if not o.passed)[:_SHOWN]
    )


def judge_rows(gate: RowCountGate, live: Inventory, candidate: Inventory) -> Evidence:
    """No table has gained or lost more rows than a release may change."""
    changes: list[tuple[Verdict, float, str]] = []
    for name in sorted(live.keys() & candidate.keys()):
        old, new = live[name].rows, candidate[name].rows
        if old is None or new is None or old == new or old < gate.ignore_below_rows or not _within(name, gate.schemas):
            continue
        percent = 100 * (new - old) / old if old else 100.0  # from none: as much as there can be said to be new
        limits = (gate.grow_marginal, gate.grow_fail) if percent > 0 else (gate.shrink_marginal, gate.shrink_fail)
        changes.append((_beyond(abs(percent), *limits), abs(percent), f"{name}: {old} → {new} ({percent:+.1f} %)"))
    verdict = max((change[0] for change in changes), key=RANK.__getitem__, default=Verdict.PASS)
    worst = max((change[1] for change in changes), default=0.0)
    shown = [change[2] for change in sorted(changes, key=lambda change: -change[1])][:_SHOWN]
    shrink = f"shrink ≤ {gate.shrink_marginal} %, fails beyond {gate.shrink_fail}"
    limit = f"{shrink}; grow ≤ {gate.grow_marginal} %, fails beyond {gate.grow_fail}"
    observed = f"{len(changes)} tables changed, {worst:.1f} % at most"
    return Evidence("row-count drift", verdict, observed, limit, tuple(shown))


def judge_columns(gate: ColumnsGate, live: Inventory, candidate: Inventory, visible: Collection[str]) -> Evidence:
    """What consumers can read keeps its columns and their types, as far as the policy asks."""
    lines: list[tuple[Verdict, str]] = []
    judged = [name for name in sorted(live) if name in visible and _within(name, gate.schemas)]
    for name in judged:
        if name not in candidate:
            lines.append((Verdict(gate.relation_removed), f"{name}: removed"))
            continue
        before, after = dict(live[name].columns), dict(candidate[name].columns)
        lines += [(Verdict(gate.removed), f"{name}.{one}: dropped") for one in before if one not in after]
        lines += [(Verdict(gate.added), f"{name}.{one}: added") for one in after if one not in before]
        both = [one for one in before if one in after and before[one] != after[one]]
        lines += [(Verdict(gate.retyped), f"{name}.{one}: {before[one]} became {after[one]}") for one in both]
    verdict = max((one for one, _ in lines), key=RANK.__getitem__, default=Verdict.PASS)
    shown = [line for _, line in sorted(lines, key=lambda one: -RANK[one[0]])][:_SHOWN]
    observed = f"{len(lines)} differences in {len(judged)} relations that consumers read"
    limit = f"dropped: {gate.removed}, retyped: {gate.retyped}, relation removed: {gate.relation_removed}"
    return Evidence("column contract", verdict, observed, limit, tuple(shown))


def judge_metrics(figures: Iterable[Figure]) -> Evidence:
    """Each named figure is, in the candidate, what it is in live, within its tolerance."""
    verdicts, lines = [Verdict.PASS], []
    for figure in figures:
        name, tolerance = figure.metric.name, figure.metric.tolerance_percent
        if figure.new is None:
            verdicts.append(Verdict.FAIL)
            lines.append(
                f"{name}: no figure from the candidate: {figure.problem or 'its query returns NULL'} "
                f"(gates.yml, metrics, {name}: {figure.metric.sql})"
            )
        elif figure.old is None:
            lines.append(f"{name}: {figure.new:g}, live has none yet{f': {figure.problem}' if figure.problem else ''}")
        else:
            percent = (
                100 * abs(figure.new - figure.old) / abs(figure.old)
                if figure.old
                else 100.0 * (figure.new != figure.old)
            )
            fail = tolerance if figure.metric.fail_percent is None else figure.metric.fail_percent
            verdicts.append(_beyond(percent, tolerance, fail))
            lines.append(f"{name}: {figure.old:g} → {figure.new:g} ({percent:.2f} %, allowed {tolerance} %)")
    verdict = max(verdicts, key=RANK.__getitem__)
    return Evidence("metrics", verdict, f"{len(lines)} compared", "each within its tolerance", tuple(lines))


def judge_run_time(gate: RunTimeGate, seconds: float) -> Evidence:
    """The build was quick enough to be repeated every day."""
    verdict = _beyond(seconds / 60, gate.marginal_minutes, gate.fail_minutes)
    limit = f"≤ {gate.marginal_minutes} min, fails beyond {gate.fail_minutes} min"
    return Evidence("run time", verdict, f"{seconds / 60:.1f} min", limit)


def judge_containment(escaping: tuple[str, ...], views: int, cure: str) -> Evidence:
    """No view names a database that is swapped: each will follow its own."""
    verdict = Verdict.FAIL if escaping else Verdict.PASS
    detail = (*escaping[:_SHOWN], cure) if escaping else ()
    observed = f"{len(escaping)} of {views} views name a swapped database"
    return Evidence("self-containment", verdict, observed, "0", detail)


def judge_access(lost: tuple[Right, ...], roles: int) -> Evidence:
    """Every role keeps, after the swap, what it may do now."""
    verdict = Verdict.FAIL if lost else Verdict.PASS
    observed = f"{len(lost)} rights of {roles} roles would be lost"
    return Evidence("access parity", verdict, observed, "0", tuple(str(right) for right in lost[:_SHOWN]))


def judge_writers(changes: tuple[str, ...]) -> Evidence:
    """Nobody has written to live since it was cloned: their rows would be lost."""
    verdict = Verdict.FAIL if changes else Verdict.PASS
    return Evidence("foreign writer", verdict, f"{len(changes)} changes in live since the clone", "0", changes[:_SHOWN])


def judge_kinds(found: Mapping[str, Collection[str]]) -> Evidence:
    """The database holds only what a swap carries whole: tables and views."""
    lines = tuple(f"{kind.lower()}: {name}" for kind, names in sorted(found.items()) for name in sorted(names))
    verdict = Verdict.FAIL if lines else Verdict.PASS
    return Evidence("object kinds", verdict, f"{len(lines)} objects a swap would break", "0", lines[:_SHOWN])


def judge_outside(consumers: Mapping[str, str], accepted: Collection[str]) -> Evidence:
    """Nothing outside the database depends on it, but for what the policy accepts by name."""
    lines = tuple(f"{kind}: {name}" for name, kind in sorted(consumers.items()) if name not in accepted)
    verdict = Verdict.FAIL if lines else Verdict.PASS
    observed = f"{len(lines)} outside live would stay with the former one, {len(consumers) - len(lines)} accepted"
    return Evidence("outside consumers", verdict, observed, "0", lines[:_SHOWN])


def _beyond(value: float, marginal: Decimal, fail: Decimal) -> Verdict:
    if value > fail:
        return Verdict.FAIL
    return Verdict.MARGINAL if value > marginal else Verdict.PASS


def _within(path: str, schemas: tuple[Identifier, ...]) -> bool:
    return not schemas or undotted(path)[0] in schemas
