"""When a warehouse must have run between two looks, and what that costs; every case with the figure it must give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.budgets.prices import Prices
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.budgets.usage_estimate import StatementRun, entries, runs
from sluice.domain.names import Identifier
from sluice.domain.sizes import Size

WH = Identifier("WH")
T0 = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
T1 = T0 + 300 * SECOND


def seen(state: str = "STARTED", resumed: float | None = None, **more: object) -> WarehouseSample:
    """A warehouse as a look sees it; `resumed` seconds after the first look."""
    settings: dict[str, object] = {
        "environment": "dev",
        "size": Size.XSMALL,
        "generation": "1",
        "clusters": 1 if state == "STARTED" else 0,
        "min_cluster_count": 1,
        "max_cluster_count": 1,
        "auto_suspend": 60,
        "auto_resume": True,
        "resumed_on": None if resumed is None else T0 + resumed * SECOND,
    }
    return WarehouseSample(WH, state=state, **(settings | more))  # type: ignore[arg-type]


def ran(start: float, end: float, environment: str | None = "dev", size: Size | None = None) -> StatementRun:
    """A statement, in seconds after the first look."""
    return StatementRun(WH, environment, T0 + start * SECOND, T0 + end * SECOND, size)


def seconds(before: WarehouseSample | None, found: WarehouseSample, *statements: StatementRun) -> float:
    """Cluster-seconds of an XSMALL that are billed between the looks."""
    return sum(
        (one.end - one.start).total_seconds() * one.clusters * one.size.credits_per_hour
        for one in runs(before, found, T0, T1, statements)
    )


OLD = -3600.0


@pytest.mark.parametrize(
    ("before", "found", "statements", "expected"),
    [
        pytest.param(seen(resumed=OLD), seen(resumed=OLD), [], 300, id="ran all the time"),
        pytest.param(None, seen("SUSPENDED"), [], 0, id="never ran"),
        pytest.param(None, seen(resumed=OLD), [ran(10, 40), ran(90, 95)], 300, id="ran all the time, first look"),
        pytest.param(None, seen(resumed=0), [ran(0, 0), ran(0, 300)], 300, id="began at the very look"),
        pytest.param(seen("SUSPENDED"), seen(resumed=-2), [ran(-2, 8)], 300, id="began before the look that missed it"),
        pytest.param(None, seen(resumed=100), [ran(99, 110)], 200, id="began between"),
        pytest.param(seen(resumed=OLD), seen("SUSPENDED", OLD), [ran(10, 40)], 100, id="ended by itself"),
        pytest.param(seen(resumed=OLD), seen("SUSPENDED", OLD), [], 60, id="ended idle"),
        pytest.param(
            seen(resumed=OLD), seen("SUSPENDED", OLD), [ran(-50, -45)], 15, id="ended idle, most of it before"
        ),
        pytest.param(seen(resumed=OLD), seen("SUSPENDED", OLD), [ran(-90, -70)], 0, id="stopped at the look itself"),
        pytest.param(seen(resumed=-10), seen("SUSPENDED", -10), [ran(-90, -70)], 50, id="started by hand before it"),
        pytest.param(None, seen("SUSPENDED", 50), [ran(49, 51)], 61, id="one short statement"),
        pytest.param(None, seen("SUSPENDED", 50), [], 60, id="started for nothing: a minute"),
        pytest.param(None, seen("SUSPENDED", 200), [ran(10, 20), ran(199, 205)], 70 + 65, id="twice unseen"),
        pytest.param(seen(resumed=OLD), seen(resumed=250), [ran(20, 30), ran(249, 260)], 90 + 50, id="stopped, again"),
        pytest.param(seen("SUSPENDED", -20), seen("SUSPENDED", -20), [], 40, id="the rest of a minute begun before"),
        pytest.param(seen(resumed=OLD), seen(resumed=OLD, clusters=3), [], 600, id="clusters grew: their mean"),
        pytest.param(
            seen(resumed=OLD, auto_suspend=300),
            seen("SUSPENDED", OLD, auto_suspend=300, updated_on=T0),
            [ran(-500, 0)],
            0,
            id="stopped by hand just after the look, what ran aborted",
        ),
        pytest.param(
            seen(resumed=OLD, auto_suspend=300),
            seen("SUSPENDED", OLD, auto_suspend=300, updated_on=T0 + 30 * SECOND),
            [],
            30,
            id="stopped by hand a little later",
        ),
        pytest.param(
            None,
            seen("SUSPENDED", OLD, updated_on=T0 - 900 * SECOND),
            [ran(100, 130)],
            90,
            id="changed last before what ran: it changed later",
        ),
        pytest.param(
            seen(resumed=OLD),
            seen(resumed=OLD, size=Size.SMALL, updated_on=T0 + 60 * SECOND),
            [ran(-500, 300, size=Size.XSMALL)],
            60 + 480,
            id="resized under a long statement",
        ),
        pytest.param(
            seen(resumed=OLD),
            seen(resumed=OLD, size=Size.SMALL),
            [ran(0, 99, size=Size.XSMALL), ran(100, 200, size=Size.SMALL)],
            50 + 500,
            id="resized between two statements",
        ),
        pytest.param(None, seen(resumed=301), [], 0, id="started by the look itself"),
    ],
)
def test_what_is_billed_between_two_looks(
    before: WarehouseSample | None, found: WarehouseSample, statements: list[StatementRun], expected: float
) -> None:
    """Within a second of what Snowflake bills in that case."""
    assert seconds(before, found, *statements) == pytest.approx(expected, abs=2)


def test_a_clock_that_stands_or_goes_back_costs_nothing() -> None:
    """Two looks at one moment, or the second before the first."""
    assert runs(seen(resumed=OLD), seen(resumed=OLD), T1, T1, ()) == ()
    assert runs(seen(resumed=OLD), seen(resumed=OLD), T1, T0, ()) == ()


def test_the_rest_of_a_minute_is_counted_once_however_often_one_looks() -> None:
    """Started twenty seconds before, stopped at once: forty seconds are left, in one look or in six."""
    stopped = seen("SUSPENDED", -20)
    looks = [T0 + 10 * one * SECOND for one in range(7)]
    found = [run for a, b in pairwise(looks) for run in runs(stopped, stopped, a, b, ())]
    assert sum((one.end - one.start).total_seconds() for one in found) == pytest.approx(40)


def test_what_several_use_is_paid_by_use_idle_time_alike() -> None:
    """Thirty seconds of dev's and ten of staging's, and nobody's five: the whole stretch is shared like that."""
    shared = seen(resumed=OLD, environment=None)
    statements = [ran(0, 30), ran(40, 50, "staging"), ran(60, 65, None)]
    lines, priced = entries(shared, runs(shared, shared, T0, T1, statements), statements, Prices())
    paid: dict[str | None, float] = {}
    for one in lines:
        paid[one.environment] = paid.get(one.environment, 0.0) + one.credits
    assert priced
    assert sum(paid.values()) == pytest.approx(300 / 3600)
    assert paid["dev"] / paid["staging"] == pytest.approx(3)
    assert paid[None] / paid["dev"] == pytest.approx(5 / 30)


def test_a_size_without_a_price_is_said() -> None:
    """It counts as generation 1, and the reader is notified."""
    new = seen(resumed=OLD, generation="2")
    lines, priced = entries(new, runs(new, new, T0, T1, ()), (), Prices())
    assert not priced
    assert sum(one.credits for one in lines) == pytest.approx(300 / 3600)
    known = Prices.model_validate({"credits_per_hour": {"2": {"XSMALL": 1.35}}})
    lines, priced = entries(new, runs(new, new, T0, T1, ()), (), known)
    assert priced
    assert sum(one.credits for one in lines) == pytest.approx(1.35 * 300 / 3600)


@given(st.lists(st.floats(1, 299), max_size=6), st.floats(0.1, 60))
def test_cutting_the_time_changes_nothing_while_it_runs(cuts: list[float], length: float) -> None:
    """A warehouse that runs all the time costs the same however often it is looked at."""
    del length
    moments = [T0, *sorted(T0 + one * SECOND for one in cuts), T1]
    running = seen(resumed=OLD)
    whole = 0.0
    for a, b in pairwise(moments):
        whole += sum((one.end - one.start).total_seconds() for one in runs(running, running, a, b, ()))
    assert whole == pytest.approx(300)


@given(st.lists(st.tuples(st.floats(0, 290), st.floats(0, 60)), max_size=10))
def test_never_more_than_the_time_and_the_minutes_of_its_starts(statements: list[tuple[float, float]]) -> None:
    """Whatever ran: at most the whole time and a minute for each unseen start; at least the statements' own time."""
    mine = [ran(start, min(start + length, 300)) for start, length in statements]
    billed = seconds(None, seen("SUSPENDED"), *mine)
    assert billed <= 300 + 60 * len(mine)
    busy = set()
    for one in mine:
        busy |= set(range(int((one.start - T0).total_seconds()), int((one.end - T0).total_seconds())))
    assert billed >= len(busy) - 1
