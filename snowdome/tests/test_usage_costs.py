"""What warehouses, storage and credits cost: metering, attribution, storage and money, by the account's clock."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from asking import asker

from snowdome.pytest_plugin import Snowdome

START = "2026-03-02T09:00:00+00:00"
HOUR = 3600


@pytest.fixture
def account(snowdome: Snowdome) -> Snowdome:
    """An account at nine, in which a medium warehouse ran for half an hour; another one serves the questions."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    ask("create warehouse desk auto_suspend = 60")
    ask("alter warehouse desk suspend")
    ask("create warehouse mill warehouse_size = medium generation = '1' auto_suspend = 0")
    snowdome.clock(advance_seconds=1800)
    ask("alter warehouse mill suspend")
    return snowdome


def test_an_hour_is_metered_three_hours_after_it_ended(account: Snowdome) -> None:
    """WAREHOUSE_METERING_HISTORY has whole hours, three hours late: half an hour of MEDIUM is two credits."""
    ask = asker(account.connect(warehouse="DESK"))
    query = (
        "select start_time, end_time, credits_used_compute, credits_attributed_compute_queries "
        "from snowflake.account_usage.warehouse_metering_history where warehouse_name = 'MILL'"
    )
    account.clock(now="2026-03-02T12:59:00+00:00")
    assert ask(query) == []
    account.clock(now="2026-03-02T13:00:30+00:00")
    [(start, end, compute, attributed)] = ask(query)
    assert (start.isoformat(), end.isoformat()) == ("2026-03-02T09:00:00+00:00", "2026-03-02T10:00:00+00:00")
    assert float(compute) == pytest.approx(2.0, abs=0.02)
    assert attributed == 0


def test_cloud_services_come_later_than_compute(account: Snowdome) -> None:
    """Cloud services of an hour are there six hours after it; some belong to CLOUD_SERVICES_ONLY."""
    ask = asker(account.connect(warehouse="DESK"))
    query = (
        "select count(*) from snowflake.account_usage.warehouse_metering_history "
        "where credits_used_cloud_services > 0 and start_time < '2026-03-02 10:00:00+00:00'::timestamp_tz"
    )
    account.clock(now="2026-03-02T15:30:00+00:00")
    assert ask(query) == [(0,)]
    account.clock(now="2026-03-02T16:00:30+00:00")
    assert ask(query)[0][0] >= 1
    rows = ask(
        "select warehouse_id, credits_used_compute from snowflake.account_usage.warehouse_metering_history "
        "where warehouse_name = 'CLOUD_SERVICES_ONLY' and start_time < '2026-03-02 10:00:00+00:00'::timestamp_tz"
    )
    assert rows == [(0, Decimal(0))]


def test_days_add_up_and_the_rebate_is_a_tenth(account: Snowdome) -> None:
    """METERING_DAILY_HISTORY sums METERING_HISTORY, and takes off cloud services up to 10 % of the day's compute."""
    ask = asker(account.connect(warehouse="DESK"))
    account.clock(now="2026-03-03T09:00:00+00:00")
    [(compute, services, used, adjustment, billed)] = ask(
        "select credits_used_compute, credits_used_cloud_services, credits_used, credits_adjustment_cloud_services, "
        "credits_billed from snowflake.account_usage.metering_daily_history where usage_date = '2026-03-02'"
    )
    [(hours,)] = ask(
        "select sum(credits_used) from snowflake.account_usage.metering_history where start_time::date = '2026-03-02' "
        "and service_type = 'WAREHOUSE_METERING'"
    )
    assert used == hours
    assert compute + services == used
    assert float(adjustment) == pytest.approx(-min(float(services), float(compute) / 10), abs=1e-6)
    assert billed == used + adjustment


def test_what_happened_to_a_warehouse_is_told(account: Snowdome) -> None:
    """WAREHOUSE_EVENTS_HISTORY has creation, suspension and who asked for it, three hours late."""
    ask = asker(account.connect(warehouse="DESK"))
    query = (
        "select distinct event_name, user_name from snowflake.account_usage.warehouse_events_history "
        "where warehouse_name = 'MILL' and event_name in ('CREATE_WAREHOUSE', 'SUSPEND_WAREHOUSE') order by 1"
    )
    account.clock(advance_seconds=3 * HOUR - 120)
    assert [name for name, _ in ask(query)] == ["CREATE_WAREHOUSE"]
    account.clock(advance_seconds=300)
    assert ask(query) == [("CREATE_WAREHOUSE", "ADMIN"), ("SUSPEND_WAREHOUSE", "ADMIN")]


def test_a_statement_is_given_its_share_of_the_warehouse(snowdome: Snowdome) -> None:
    """QUERY_ATTRIBUTION_HISTORY has, eight hours late, what a statement's running time cost; idle time is nobody's."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    for sql in (
        "create warehouse mill warehouse_size = medium generation = '1' auto_suspend = 0",
        "create database barn",
        "create table grain as select 1 as corn",
    ):
        ask(sql)
    snowdome.clock(speed=20_000)
    ask("select count(*) from grain a, grain b")
    snowdome.clock(speed=1)
    ask("alter warehouse mill suspend")
    snowdome.clock(advance_seconds=24 * HOUR)
    ask("alter warehouse mill resume if suspended")
    rows = ask(
        "select a.credits_attributed_compute, q.execution_time "
        "from snowflake.account_usage.query_attribution_history a "
        "join snowflake.account_usage.query_history q using (query_id) "
        "where q.query_text like 'select count(*) from grain%'"
    )
    [(share, milliseconds)] = rows
    assert milliseconds > 100
    assert share == pytest.approx(4 * milliseconds / 1000 / HOUR, rel=0.01)
    [(attributed, compute)] = ask(
        "select sum(credits_attributed_compute_queries), sum(credits_used_compute) "
        "from snowflake.account_usage.warehouse_metering_history where warehouse_name = 'MILL' "
        "and start_time < '2026-03-03 09:00:00+00:00'::timestamp_tz"
    )
    assert share - 1e-6 <= float(attributed) <= float(compute)


def test_storage_counts_a_clone_once_until_it_is_written_to(snowdome: Snowdome) -> None:
    """TABLE_STORAGE_METRICS bills shared rows to the table that had them first; a clone owns what it writes."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    for sql in (
        "create warehouse desk",
        "create database barn",
        "create table oats (kind text)",
        "insert into oats values ('0123456789')",
        "create table rye clone oats",
    ):
        ask(sql)
    query = (
        "select table_name, active_bytes, clone_group_id = min(id) over (), is_transient, deleted "
        "from snowflake.account_usage.table_storage_metrics where table_catalog = 'BARN' order by 1"
    )
    assert ask(query) == []
    snowdome.clock(advance_seconds=2 * HOUR)
    assert ask(query) == [("OATS", 10, True, "NO", False), ("RYE", 0, True, "NO", False)]
    ask("insert into rye values ('abc')")
    assert [row[1] for row in ask(query)] == [10, 0]
    snowdome.clock(advance_seconds=2 * HOUR)
    assert [row[1] for row in ask(query)] == [10, 13]
    ask("drop table oats")
    snowdome.clock(advance_seconds=2 * HOUR)
    assert [row[0::4] for row in ask(query)] == [("OATS", True), ("RYE", False)]


def test_deleted_rows_are_time_travels_until_the_retention_is_over(snowdome: Snowdome) -> None:
    """TIME_TRAVEL_BYTES are those of rows deleted within the retention; a dropped table ends in Fail-safe."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    for sql in (
        "create warehouse desk",
        "create database barn",
        "create table oats (kind text)",
        "insert into oats values ('0123456789'), ('abc')",
        "delete from oats where kind = 'abc'",
    ):
        ask(sql)
    query = (
        "select active_bytes, time_travel_bytes, failsafe_bytes from snowflake.account_usage.table_storage_metrics "
        "where table_name = 'OATS'"
    )
    snowdome.clock(advance_seconds=2 * HOUR)
    assert ask(query) == [(10, 3, 0)]
    snowdome.clock(advance_seconds=26 * HOUR)
    assert ask(query) == [(10, 0, 0)]
    ask("drop table oats")
    snowdome.clock(advance_seconds=2 * HOUR)
    assert ask(query) == [(10, 0, 0)]
    snowdome.clock(advance_seconds=26 * HOUR)
    assert ask(query) == [(0, 0, 10)]
    snowdome.clock(advance_seconds=7 * 24 * HOUR)
    assert ask(query) == [(0, 0, 0)]


def test_storage_by_day_is_an_average(snowdome: Snowdome) -> None:
    """DATABASE_STORAGE_USAGE_HISTORY has whole days, three hours late, each byte for as long as it was there."""
    snowdome.clock(now="2026-03-02T12:00:00+00:00")
    ask = asker(snowdome.connect())
    for sql in ("create warehouse desk", "create database barn", "create table oats (kind text)"):
        ask(sql)
    ask("insert into oats values (repeat('x', 1000))")
    query = (
        "select usage_date, round(average_database_bytes) from snowflake.account_usage.database_storage_usage_history "
        "where database_name = 'BARN' order by 1"
    )
    snowdome.clock(now="2026-03-03T02:59:00+00:00")
    assert ask(query) == []
    snowdome.clock(now="2026-03-04T04:00:00+00:00")
    days = [(day.isoformat(), size) for day, size in ask(query)]
    assert days == [("2026-03-02", 500), ("2026-03-03", 1000)]


def test_money_is_credits_at_the_rate_of_the_day(account: Snowdome) -> None:
    """USAGE_IN_CURRENCY_DAILY is, three days late, the day's credits at the rate that held, which a control sets."""
    prices = account.control("prices", {"rates": {"WAREHOUSE_METERING": 3.5}}, "POST")
    assert prices["rates"]["WAREHOUSE_METERING"] == {"rate": 3.5, "currency": "USD"}
    assert prices["rates"]["STORAGE"]["rate"] == 23.0
    ask = asker(account.connect(warehouse="DESK"))
    query = (
        "select usage, usage_in_currency, currency from snowflake.organization_usage.usage_in_currency_daily "
        "where service_type = 'WAREHOUSE_METERING' and usage_date = '2026-03-02'"
    )
    account.clock(now="2026-03-05T23:00:00+00:00")
    assert ask(query) == []
    account.clock(now="2026-03-06T00:01:00+00:00")
    [(usage, money, currency)] = ask(query)
    assert float(usage) == pytest.approx(2.05, abs=0.1)
    assert float(money) == pytest.approx(float(usage) * 3.5, abs=0.02)
    assert currency == "USD"
    rates = ask(
        "select effective_rate from snowflake.organization_usage.rate_sheet_daily "
        "where service_type = 'WAREHOUSE_METERING' and \"DATE\" between '2026-03-02' and '2026-03-04'"
    )
    assert rates == [(Decimal("3.50"),)] * 3


def test_a_price_of_nothing_is_refused(account: Snowdome) -> None:
    """The prices' control refuses what it does not know and rates below zero."""
    bad: list[dict[str, Any]] = [{"rates": {}}, {"rates": {"WAREHOUSE_METERING": -1}}, {"price": 2}]
    for body in bad:
        assert posted(account, "prices", body) == 422


def posted(account: Snowdome, path: str, body: dict[str, Any]) -> int:
    """The status that a control answers to the body."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{account.port}/snowdome/{path}", data=json.dumps(body).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return int(problem.code)
