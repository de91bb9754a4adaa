"""Metering as functions of values: credits, hours, thresholds, and the intervals of resource monitors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from snowdome.warehouses.metering import periods
from snowdome.warehouses.metering.segments import Segment, by_hour, credits, reaches  # noqa: A004

START = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)
LATER = START + timedelta(days=30)


def at(seconds: float) -> datetime:
    """That many seconds after the start."""
    return START + timedelta(seconds=seconds)


def segment(size: str, started: float, ended: float | None, **more: Any) -> Segment:
    """A cluster's segment, in seconds from the start."""
    until = at(ended) if ended is not None else None
    given = {"id": 1, "warehouse_id": 7, "name": "W", "cluster": 1, "generation": "1", **more}
    return Segment(size=size, started=at(started), ended=until, **given)


def test_a_start_costs_a_minute_at_least() -> None:
    """Ten seconds are billed as sixty, sixty-one as sixty-one, and each start anew."""
    assert credits([segment("XSMALL", 0, 10)], START, LATER) == pytest.approx(60 / 3600)
    assert credits([segment("XSMALL", 0, 61)], START, LATER) == pytest.approx(61 / 3600)
    twice = [segment("XSMALL", 0, 10), segment("XSMALL", 20, 30)]
    assert credits(twice, START, LATER) == pytest.approx(120 / 3600)


@pytest.mark.parametrize(("size", "rate"), [("XSMALL", 1), ("MEDIUM", 4), ("XXLARGE", 32), ("X6LARGE", 512)])
def test_an_hour_costs_the_documented_rate(size: str, rate: int) -> None:
    """Credits per hour by size, and twice that for two clusters."""
    one = segment(size, 0, 3600)
    assert credits([one], START, LATER) == pytest.approx(rate)
    assert credits([one, segment(size, 0, 3600, cluster=2)], START, LATER) == pytest.approx(2 * rate)


def test_making_it_larger_bills_a_minute_of_what_is_added() -> None:
    """From SMALL to MEDIUM for ten seconds: two more credits an hour for one minute (the documentation's example)."""
    small = segment("SMALL", 0, 3600)
    added = segment("MEDIUM", 1800, 1810, base="SMALL")
    assert credits([small, added], START, LATER) == pytest.approx(2 + 2 * 60 / 3600)


def test_windows_that_follow_each_other_add_up() -> None:
    """What is cut anywhere sums to the whole: the minute belongs to the start."""
    run = [segment("LARGE", 3590, 3600 + 3600 * 3), segment("XSMALL", 7199, 7200)]
    whole = credits(run, START, LATER)
    for cut in (1.0, 3590.0, 3600.0, 3620.5, 7199.5, 9000.0):
        parts = credits(run, START, at(cut)) + credits(run, at(cut), LATER)
        assert parts == pytest.approx(whole)
    assert sum(hour.credits for hour in by_hour(run, START, LATER)) == pytest.approx(whole)


def test_hours_begin_on_the_hour() -> None:
    """Each clock hour in which a warehouse ran has one row."""
    found = list(by_hour([segment("XSMALL", 1800, 5400)], START, LATER))
    assert [(hour.start.hour, round(hour.credits, 6)) for hour in found] == [(8, 0.5), (9, 0.5)]


def test_when_a_threshold_is_reached() -> None:
    """The moment is exact, also where segments are still in their first minute, and None where nothing runs."""
    running = [segment("MEDIUM", 0, None), segment("XSMALL", 30, None, warehouse_id=8)]
    now = at(40)
    used = credits(running, START, now)
    moment = reaches(running, now, 1.0 - used)
    assert moment is not None
    assert credits(running, START, moment) == pytest.approx(1.0, abs=1e-6)
    assert reaches([segment("MEDIUM", 0, 10)], now, 1.0) is None


@pytest.mark.parametrize(
    ("frequency", "start", "now", "begin", "end"),
    [
        ("DAILY", "2031-03-03T08:00", "2031-03-03T20:00", "2031-03-03T08:00", "2031-03-04T00:00"),
        ("DAILY", "2031-03-03T08:00", "2031-03-05T00:00", "2031-03-05T00:00", "2031-03-06T00:00"),
        ("WEEKLY", "2019-07-15T08:00", "2019-07-30T12:00", "2019-07-29T00:00", "2019-08-05T00:00"),
        ("MONTHLY", "2019-07-15T08:00", "2019-09-14T23:59", "2019-08-15T00:00", "2019-09-15T00:00"),
        ("MONTHLY", "2031-01-31T08:00", "2031-03-01T00:00", "2031-02-28T00:00", "2031-03-31T00:00"),
        ("YEARLY", "2028-02-29T08:00", "2029-03-01T00:00", "2029-02-28T00:00", "2030-02-28T00:00"),
    ],
)
def test_the_interval_of_a_monitor_with_a_schedule(frequency: str, start: str, now: str, begin: str, end: str) -> None:
    """Relative to its start's day, at 00:00 UTC; a month's last day stays the last day of each month."""
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, now, begin, end)]
    assert periods.begins(frequency, moments[0], moments[1], scheduled=True) == moments[2]
    assert periods.ends(frequency, moments[0], moments[1], scheduled=True) == moments[3]


def test_the_default_schedule_is_the_calendar_month() -> None:
    """A monitor without a schedule begins anew on the first; NEVER never does."""
    start = datetime(2031, 3, 15, 8, tzinfo=UTC)
    april = datetime(2031, 4, 1, tzinfo=UTC)
    assert periods.begins("MONTHLY", start, start, scheduled=False) == start
    assert periods.ends("MONTHLY", start, start, scheduled=False) == april
    assert periods.begins("MONTHLY", start, april, scheduled=False) == april
    assert periods.ends("NEVER", start, april, scheduled=True) is None
