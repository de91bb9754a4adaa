"""Anomalies: what is found in a history with known spikes, what is not, and what an hour is compared with."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sluice.domain.budgets.anomalies import AnomalyBlock, Compared, Hours, compare, same_hours, same_weeks

RULE = AnomalyBlock()
HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def compared(usd: float, *before: float) -> Compared:
    """An hour of so many dollars, and those of the weeks before."""
    return Compared(START, usd, estimated=True, before=before)


@pytest.mark.parametrize("seed", range(5))
def test_spikes_are_found_and_little_else_is(seed: int) -> None:
    """Half a year of working hours with noise, every hundredth of them at three times its cost, known by the seed.

    More than nine in ten are found, also where the history has a spike; of what is reported, three in four are spikes.
    """
    dice = random.Random(seed)  # noqa: S311 (a history, not a secret)
    weeks = 26
    history: list[float] = []
    spikes: set[int] = set()
    for hour in range(weeks * 168):
        weekday, clock = divmod(hour % 168, 24)
        busy = weekday < 5 and 8 <= clock < 18
        usd = (8 + 3 * math.sin(clock)) * dice.lognormvariate(0, 0.15) if busy else 0.4 * dice.random()
        if hour >= 8 * 168 and dice.random() < 0.01:
            spikes.add(hour)
            usd = max(3 * usd, 4.0)
        history.append(usd)
    found = set()
    for hour in range(8 * 168, weeks * 168):
        before = tuple(history[hour - 168 * week] for week in range(1, RULE.weeks + 1))
        if compared(history[hour], *before).unusual(RULE):
            found.add(hour)
    assert len(spikes) > 20
    assert len(found & spikes) / len(spikes) > 0.9
    assert len(found & spikes) / len(found) > 0.75


def test_an_hour_is_told_with_its_figures() -> None:
    """What it cost, what is usual, over how many weeks, how each is known, and the score."""
    words = compared(12, 2, 2.2, 1.8, 2, 2.1).describe(RULE)
    for part in ("USD 12.00 from 10:00 to 11:00 UTC (estimated)", "2.00 in that hour of 5 earlier weeks", "of 3.5"):
        assert part in words


@pytest.mark.parametrize(
    ("usd", "before", "unusual"),
    [
        pytest.param(5, (), False, id="no history"),
        pytest.param(50, (1, 1, 1), False, id="too little history"),
        pytest.param(0, (0,) * 8, False, id="never used"),
        pytest.param(0.99, (0,) * 8, False, id="never used at that hour, below the floor"),
        pytest.param(1.01, (0,) * 8, True, id="never used at that hour, beyond the floor"),
        pytest.param(10.4, (10,) * 8, False, id="always the same, and a little more"),
        pytest.param(20, (10,) * 8, True, id="always the same, and twice"),
        pytest.param(20, (10, 10, 10, 90, 10, 11, 9, 10), True, id="one wild week hides nothing"),
        pytest.param(20, (5, 30, 12, 25, 8, 18, 40, 3), False, id="as wild as ever"),
        pytest.param(0, (10,) * 8, False, id="less than usual is no cost"),
    ],
)
def test_what_is_unusual(usd: float, before: tuple[float, ...], unusual: bool) -> None:
    """By deviations and by dollars, both; without a history, nothing."""
    assert compared(usd, *before).unusual(RULE) is unusual


def test_too_little_history_is_said() -> None:
    """Instead of a score."""
    one = compared(50, 1, 1)
    assert one.score(RULE) is None
    assert "too little history: 2 weeks of at least 4" in one.describe(RULE)


def test_the_hour_of_the_week_is_the_environments_own() -> None:
    """Nine on a Friday in Berlin is 8 UTC in winter and 7 UTC in summer; half-hour zones stay with UTC's hours."""
    berlin = same_hours(datetime(2026, 11, 6, 8, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 3)
    assert berlin == (
        datetime(2026, 10, 30, 8, tzinfo=UTC),
        datetime(2026, 10, 23, 7, tzinfo=UTC),
        datetime(2026, 10, 16, 7, tzinfo=UTC),
    )
    spring = same_hours(datetime(2026, 3, 30, 7, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 1)
    assert spring == (datetime(2026, 3, 23, 8, tzinfo=UTC),)
    india = same_hours(datetime(2026, 11, 6, 8, tzinfo=UTC), ZoneInfo("Asia/Kolkata"), 1)
    assert india == (datetime(2026, 10, 30, 8, tzinfo=UTC),)


def test_an_hour_that_a_zone_leaves_out_has_a_neighbour() -> None:
    """Half past two in the night when Berlin's clocks go forward does not exist: some hour near it is taken."""
    (found,) = same_hours(datetime(2026, 4, 5, 0, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 1)
    assert abs(found - datetime(2026, 3, 29, 0, tzinfo=UTC)) <= HOUR


def test_a_week_in_which_nothing_ran_counts_and_one_before_it_was_there_does_not() -> None:
    """Metered hours only where something ran: nothing since the first of them is a zero."""
    first = START - timedelta(weeks=3, hours=5)
    metered = {first: 7.0, START - timedelta(weeks=2): 4.0}
    assert same_weeks(START, UTC, 8, metered, first) == (0.0, 4.0, 0.0)


def test_credits_become_dollars_on_both_sides() -> None:
    """And an environment of which nothing is known is compared with nothing."""
    made = compare(Hours(START, {"dev": (1.0, 2.0)}), {"dev": (3.0, False), "new": (1.0, True)}, credit_usd=2.5)
    assert made["dev"] == Compared(START, 7.5, estimated=False, before=(2.5, 5.0))
    assert made["new"].before == ()
