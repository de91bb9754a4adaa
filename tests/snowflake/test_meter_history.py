"""The account's older rows: the month's storage day by day, and the same hour of earlier weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.domain.budgets.budget_actions import Notice
from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.operations.budgets.budgets import check
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake.meter import storage
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

TERA = 1024.0**4
DAY = timedelta(days=1)
NOON = datetime(2026, 12, 11, 12, 10, tzinfo=UTC)
"""A Friday, in a month of 31 days."""


def load(account: Snowdome, view: str, rows: list[dict[str, Any]]) -> None:
    """The rows are in the account's history."""
    account.control("history", {"view": view, "rows": rows}, "POST")


@pytest.fixture
def home(account: Snowdome, work: Workspace) -> Workspace:
    """Dev and prod stand; it is a Friday."""
    return work


def stand(account: Snowdome, work: Workspace) -> None:
    """They do."""
    account.clock(now=NOON.isoformat())
    for name in ("dev", "prod"):
        provision(work, name, work.now(), holder="test")


PREPARED = {"home": stand}


def stored(day: datetime, database: str, tera: float, number: int) -> dict[str, Any]:
    """A database's mean on a day."""
    return {
        "USAGE_DATE": f"{day:%Y-%m-%d}",
        "DATABASE_ID": number,
        "DATABASE_NAME": database,
        "AVERAGE_DATABASE_BYTES": tera * TERA * 0.75,
        "AVERAGE_FAILSAFE_BYTES": tera * TERA * 0.25,
    }


def test_the_month_has_the_storage_of_each_of_its_days(account: Snowdome, home: Workspace) -> None:
    """A terabyte for a week, then three, with a candidate and a retained one beside it; each row twice; today like it.

    A month of 31 days at USD 23 a terabyte: 7 days of one, 3 of five, and half of today, which is not known yet.
    """
    rows = [stored(datetime(2026, 11, 30, tzinfo=UTC), "OLIST_DEV", 100, 1)]
    for number in range(10):
        day = datetime(2026, 12, 1, tzinfo=UTC) + number * DAY
        rows.append(stored(day, "OLIST_DEV", 1 if number < 7 else 3, 1))
        if number >= 7:
            rows += [stored(day, "OLIST_DEV__C_X", 1.5, 2), stored(day, "OLIST_DEV__R_Y", 0.5, 3)]
        rows.append(stored(day, "OLIST_DEVELOPMENT", 50, 4))
    load(account, "DATABASE_STORAGE_USAGE_HISTORY", rows + rows)
    with home.control() as session:
        assert len(storage(session, datetime(2026, 12, 1, tzinfo=UTC))) >= 26
    found = measure(home, NOON)
    spend = found.spends["dev"]
    assert home.environments["dev"].budget.zone == "UTC"
    a_day = 23 / 31
    half = (NOON.hour + NOON.minute / 60) / 24
    compute = spend.month.credits * 2
    assert spend.month.usd - compute == pytest.approx(a_day * (7 * 1 + 3 * 5 + half * 5), rel=1e-3)
    assert spend.month.estimated_usd >= a_day * half * 5 * 0.999
    today = spend.day.usd - spend.day.credits * 2
    assert today == pytest.approx(a_day * half * 5, rel=1e-3)


def test_a_database_that_is_gone_is_not_carried_on(account: Snowdome, home: Workspace) -> None:
    """Its last day is not the last day that is known: it costs nothing after it."""
    days = [datetime(2026, 12, number, tzinfo=UTC) for number in (8, 9, 10)]
    rows = [stored(day, "OLIST_DEV", 1, 1) for day in days] + [stored(days[0], "OLIST_DEV__R_Y", 10, 2)]
    load(account, "DATABASE_STORAGE_USAGE_HISTORY", rows)
    spend = measure(home, NOON).spends["dev"]
    half = (NOON.hour + NOON.minute / 60) / 24
    assert spend.day.usd - spend.day.credits * 2 == pytest.approx(23 / 31 * half, rel=1e-3)


def hour_of(weeks: int, warehouse: str, used: float) -> dict[str, Any]:
    """That hour, eleven to twelve on a Friday, so many weeks before."""
    start = NOON.replace(minute=0) - timedelta(hours=1) - timedelta(weeks=weeks)
    return {
        "START_TIME": start.isoformat(),
        "END_TIME": (start + timedelta(hours=1)).isoformat(),
        "WAREHOUSE_NAME": warehouse,
        "CREDITS_USED_COMPUTE": used,
    }


def runs(account: Snowdome, home: Workspace) -> None:
    """Dev's warehouse, a SMALL one, has run from before ten until now."""
    account.clock(now=NOON.isoformat())
    with home.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    measure(home, home.now())
    account.clock(advance_seconds=3600)


def test_an_hour_unlike_those_of_earlier_weeks_is_told(account: Snowdome, home: Workspace) -> None:
    """A SMALL warehouse for most of an hour, where a tenth of a credit is usual: notified once, and nothing done."""
    later = [hour_of(week, "SLUICE_DEV_WH", 0.1) for week in range(1, 9)]
    for one in later:  # the hour from twelve to one, which is about to end
        for key in ("START_TIME", "END_TIME"):
            one[key] = (datetime.fromisoformat(one[key]) + timedelta(hours=1)).isoformat()
    load(account, "WAREHOUSE_METERING_HISTORY", later + later)
    runs(account, home)
    said: list[Notice] = []
    for number in range(3):
        now = home.now()
        done = check(home, BudgetPolicy(), measure(home, now), Caller(f"check {number}", "clock", now), said.append)
        account.clock(advance_seconds=300)
    hour = done.verdicts["dev"].compared
    assert "from 12:00 to 13:00 UTC (estimated), 0.20 in that hour of 8 earlier weeks (metered)" in hour
    assert [(one.environment, one.severity) for one in said] == [("dev", "warning")]
    assert done.plan.restrictions == ()


def test_a_usual_hour_and_too_short_a_history_are_not_told(account: Snowdome, home: Workspace) -> None:
    """Two weeks of history are too few, and it is said in the verdict."""
    load(account, "WAREHOUSE_METERING_HISTORY", [hour_of(week, "SLUICE_DEV_WH", 0.1) for week in (1, 2)])
    runs(account, home)
    now = home.now()
    said: list[Notice] = []
    done = check(home, BudgetPolicy(), measure(home, now), Caller("check", "clock", now), said.append)
    assert "too little history: 2 weeks of at least 4" in done.verdicts["dev"].compared
    assert said == []


def test_earlier_weeks_are_read_once_an_hour(account: Snowdome, home: Workspace) -> None:
    """The first look that is recorded keeps them for the hour's others; the next hour reads anew."""

    def asked(*, record: bool = True) -> int:
        account.forget_statements()
        measure(home, home.now(), record=record)
        account.clock(advance_seconds=300)
        return sum("MOD(AGO, 168)" in str(one) for one in account.statements())

    account.clock(now=(NOON + timedelta(minutes=1)).isoformat())
    assert [asked(record=False), asked(), asked(), asked(record=False), asked()] == [1, 1, 0, 0, 0]
    account.clock(now=(NOON + timedelta(hours=1)).isoformat())
    assert [asked(), asked()] == [1, 0]
