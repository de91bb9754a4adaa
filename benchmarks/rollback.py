"""A rollback costs the same whatever the project's size: its statements and seconds against the number of models."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.shops import generated, shop


def measure(*, quick: bool) -> list[Figure]:
    """Promote twice, roll back once, and read the receipt."""
    figures: list[Figure] = []
    first: dict[str, float] = {}
    for models in (20, 60) if quick else (60, 300):
        with shop(models) as opened:
            opened.refresh()
            opened.promote("staging")
            opened.write(m0001=generated(models)["m0001"].replace("select id", "select 2 as version, id"))
            opened.refresh()
            opened.promote("staging")
            receipt = next(report for report in opened.rollback("staging") if report.stage == "settle").facts
        for fact, unit in (("statements", "statements"), ("seconds", "s"), ("swap_seconds", "s")):
            value = receipt[fact]
            assert isinstance(value, int | float)
            peer = "the smaller project" if fact in first else ""
            figures.append(
                Figure(f"rollback of {models} models: {fact}", float(value), unit, peer, first.get(fact), "constant")
            )
            first.setdefault(fact, float(value))
    return figures
