"""The cost of a promotion follows the change, not the project: one leaf of 60 and of 300 models."""

from __future__ import annotations

from time import perf_counter

from benchmarks.figure import Figure
from benchmarks.shops import generated, shop
from sluice.domain.promotion.deployments import StageReport


def measure(*, quick: bool) -> list[Figure]:
    """Promote a changed leaf, beside a full dbt build of the same project on the same account."""
    figures: list[Figure] = []
    for models in (20, 60) if quick else (60, 300):
        with shop(models) as opened:
            full = _fact(opened.refresh(), "build_in_place")
            opened.promote("staging")
            leaf = f"m{models - 1:04d}"
            opened.write(**{leaf: generated(models)[leaf].replace("select id", "select 2 as version, id")})
            opened.refresh()
            started = perf_counter()
            reports = opened.promote("staging")
            seconds = perf_counter() - started
            build = _fact(reports, "build")
        what = f"one leaf of {models} models promoted"
        peer = "dbt build of all"
        figures += [
            Figure(f"{what}: models built", _number(build, "built"), "models", peer, _number(full, "built"), "1"),
            Figure(f"{what}: dbt build", _number(build, "build_seconds"), "s", peer, _number(full, "build_seconds")),
            Figure(f"{what}: all thirteen stages", seconds, "s", peer, _number(full, "build_seconds")),
        ]
    return figures


def _fact(reports: list[StageReport], stage: str) -> StageReport:
    return next(report for report in reports if report.stage == stage)


def _number(report: StageReport, fact: str) -> float:
    value = report.facts[fact]
    assert isinstance(value, int | float)
    return float(value)
