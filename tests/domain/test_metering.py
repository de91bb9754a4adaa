"""The month of an environment: what Snowflake has billed and what was stored, in its own zone; gaps of looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from sluice.domain.budgets.cost_accounting import (
    AccountingInput,
    Metered,
    Shares,
    Stored,
    horizon,
    measure,
    midnight,
    month_begins,
)
from sluice.domain.budgets.prices import Prices
from sluice.domain.names import Identifier

WH = Identifier("WH")


def books(at: datetime, zone: tzinfo, compute: float, cloud: float = 0.0) -> AccountingInput:
    """What is read at a moment when every UTC day of the month so far had the same credits."""
    day, days = month_begins(at, [zone]), []
    while day < horizon(at):
        days.append(Metered(WH, day, compute, cloud))
        day += timedelta(days=1)
    owners, zones = {WH: "dev"}, {"dev": zone}
    since = at - timedelta(minutes=5)
    return AccountingInput(at, since, owners, zones, Prices(), credit_usd=2.0, days=tuple(days))


def test_a_month_has_the_cloud_services_that_were_billed() -> None:
    """Seventeen days of 10 credits and 5 of cloud services, of which 1 a day is free."""
    month = measure(books(datetime(2026, 11, 20, 12, tzinfo=UTC), UTC, 10.0, 5.0)).spends["dev"].month
    assert month.credits == pytest.approx(17 * (10 + 4))
    assert month.usd == pytest.approx(2 * month.credits)


def test_a_month_lasts_until_it_ends_where_the_environment_is() -> None:
    """Ten in the evening of October 31 in New York is November in UTC: October's days are still counted."""
    at = datetime(2026, 11, 1, 2, tzinfo=UTC)
    assert measure(books(at, ZoneInfo("America/New_York"), 10.0)).spends["dev"].month.credits == pytest.approx(290)


def test_a_month_that_has_begun_where_the_environment_is_has_nothing_of_the_one_before() -> None:
    """The same moment in Berlin: October's days, which another zone needs, are not Berlin's."""
    at = datetime(2026, 11, 1, 2, tzinfo=UTC)
    day = Metered(WH, midnight(at) - timedelta(days=9), 10.0)
    berlin = books(at, ZoneInfo("Europe/Berlin"), 10.0)
    mixed = AccountingInput(berlin.at, berlin.since, berlin.owners, berlin.zones, Prices(), 2.0, days=(day,))
    assert measure(mixed).spends["dev"].month.credits == 0


def test_where_the_accounts_rows_cannot_be_read_the_month_is_the_ledgers() -> None:
    """Own warehouse and a shared one, as the ledger has them, all an estimate; readable, they are billed or not."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    day = datetime(2026, 11, 10, tzinfo=UTC)
    kept = (Shares(WH, day, {None: 3.0}), Shares(Identifier("COMMON"), day, {"dev": 1.0, "other": 9.0}))
    blind = replace(books(at, UTC, 0.0), days=(), shares=kept, metered=False)
    month = measure(blind).spends["dev"].month
    assert (month.credits, month.usd, month.estimated_usd) == pytest.approx((4, 8, 8))
    assert measure(replace(blind, metered=True)).spends["dev"].month.credits == 0


def test_the_month_of_storage_is_the_environments_own() -> None:
    """October 31 in UTC is November nowhere here; each day's price is that of its own month."""
    at = datetime(2026, 11, 4, 6, tzinfo=UTC)
    tera = 1024.0**4
    days = [datetime(2026, 10, 31, tzinfo=UTC) + number * timedelta(days=1) for number in range(4)]
    kept = tuple(Stored("dev", day, tera) for day in days)
    dev = measure(replace(books(at, ZoneInfo("Europe/Berlin"), 0.0), days=(), stored=kept)).spends["dev"]
    assert dev.month.usd == pytest.approx(23 / 30 * 3.25, rel=0.02)
    assert dev.month.estimated_usd == pytest.approx(23 / 30 * 0.25, rel=0.02)
    assert dev.day.usd == pytest.approx(23 / 30 * 7 / 24)


def test_a_gap_that_began_before_the_last_hours_is_told_whole() -> None:
    """No look for five hours, then one every five minutes."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    looks = tuple(at - timedelta(minutes=5 * number) for number in range(1, 5))
    found = measure(replace(books(at, UTC, 0.0), since=looks[0], samples=(at - timedelta(hours=5), *looks)))
    assert found.spends["dev"].gap == timedelta(hours=4, minutes=40)
    assert any("no sample between 07:00 and 11:40 UTC" in note for note in found.notes)
