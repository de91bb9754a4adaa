"""RATE_SHEET_DAILY and USAGE_IN_CURRENCY_DAILY: what the account's usage costs in money.

A rate holds from the day it is set or loaded for until another one is. Until one is known for a service, `DEFAULTS`
holds: round figures that only an account's own contract can make true.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from snowdome.usage.columns import DATABASE_STORAGE_USAGE_HISTORY, METERING_DAILY_HISTORY, RATE_SHEET_DAILY
from snowdome.usage.metering_views import days
from snowdome.usage.storage_views import databases
from snowdome.usage.store import USAGE

if TYPE_CHECKING:
    from snowdome.usage.columns import Shape
    from snowdome.usage.reading import Reading

CURRENCY = "USD"
DEFAULTS = {
    "WAREHOUSE_METERING": ("compute", "overage-compute", 2.00),
    "CLOUD_SERVICES": ("compute", "overage-cloud services", 2.00),
    "STORAGE": ("storage", "overage-storage", 23.00),
}
"""Rating type, usage type and rate by service: dollars for a credit, or for a terabyte kept a month."""
SERVICES = {"AUTO_CLUSTERING": "AUTOMATIC_CLUSTERING", "PIPE": "SNOWPIPE"}
"""Services that the organization's views call otherwise than METERING_HISTORY does."""
TERABYTE = 1024**4
_PLAIN = "coalesce(lower(k.BILLING_TYPE), 'consumption') = 'consumption' AND NOT coalesce(k.IS_ADJUSTMENT, false)"
_ACCOUNT = (
    "'SNOWDOME' AS ORGANIZATION_NAME, '0' AS CONTRACT_NUMBER, 'SNOWDOME' AS ACCOUNT_NAME, "
    "'SNOWDOME' AS ACCOUNT_LOCATOR, 'LOCAL' AS REGION, 'enterprise' AS SERVICE_LEVEL"
)


def rates(reading: Reading, shape: Shape) -> str:
    """One rate for each day and service since the account, or what was loaded, began; and what was loaded beside it.

    Adjustments, and rows of another billing type than consumption, stand on the days that they were loaded for.
    """
    beside = (
        f"SELECT k.* REPLACE (coalesce(k.CURRENCY, '{CURRENCY}') AS CURRENCY, 'SNOWDOME' AS ACCOUNT_NAME, "
        f"coalesce(k.BILLING_TYPE, 'consumption') AS BILLING_TYPE, coalesce(k.IS_ADJUSTMENT, false) AS IS_ADJUSTMENT) "
        f"FROM {USAGE}.main.{RATE_SHEET_DAILY.kept} k WHERE NOT ({_PLAIN}) "
        f"AND k.\"DATE\" <= DATE '{reading.late(shape).date()}'"
    )
    return f"SELECT {shape.select()} FROM ({_rates(reading, shape)}) UNION ALL SELECT {shape.select()} FROM ({beside})"


def _rates(reading: Reading, shape: Shape) -> str:
    last = reading.late(shape).date()
    defaults = reading.rows(
        {"SERVICE_TYPE": "text", "RATING_TYPE": "text", "USAGE_TYPE": "text", "EFFECTIVE_RATE": "float"},
        [(service, *default) for service, default in DEFAULTS.items()],
    )
    known = f"(SELECT * FROM {USAGE}.main.{RATE_SHEET_DAILY.kept} k WHERE {_PLAIN})"
    return (
        f"WITH every_day AS (SELECT CAST(unnest(generate_series(least(DATE '{_first(reading)}', coalesce((SELECT "
        f"min(\"DATE\") FROM {known}), DATE '{last}')), DATE '{last}', INTERVAL 1 DAY)) AS DATE) AS \"DATE\"), "
        f'of_service AS (SELECT SERVICE_TYPE, RATING_TYPE, USAGE_TYPE, EFFECTIVE_RATE FROM "{defaults}" UNION ALL '
        f"SELECT DISTINCT SERVICE_TYPE, 'compute', 'overage-' || lower(SERVICE_TYPE), NULL FROM {known} "
        f'WHERE SERVICE_TYPE NOT IN (SELECT SERVICE_TYPE FROM "{defaults}")), '
        "wanted AS (SELECT * FROM every_day CROSS JOIN of_service) "
        f'SELECT w."DATE", {_ACCOUNT}, coalesce(k.USAGE_TYPE, w.USAGE_TYPE) AS USAGE_TYPE, '
        f"coalesce(k.CURRENCY, '{CURRENCY}') AS CURRENCY, "
        "coalesce(k.EFFECTIVE_RATE, w.EFFECTIVE_RATE) AS EFFECTIVE_RATE, "
        "w.SERVICE_TYPE, coalesce(k.RATING_TYPE, w.RATING_TYPE) AS RATING_TYPE, 'consumption' AS BILLING_TYPE, "
        f"false AS IS_ADJUSTMENT FROM wanted w ASOF LEFT JOIN {known} k ON k.SERVICE_TYPE = w.SERVICE_TYPE "
        'AND k."DATE" <= w."DATE" WHERE coalesce(k.EFFECTIVE_RATE, w.EFFECTIVE_RATE) IS NOT NULL'
    )


def _first(reading: Reading) -> str:
    """The first day for which there is a default rate: that of the first hour known, at most a year ago."""
    found = reading.account.usage.history.execute(
        f"SELECT min(first) FROM (SELECT min(START_TIME) AS first FROM {USAGE}.main.warehouse_metering_history "
        f"UNION ALL SELECT min(START_TIME) FROM {USAGE}.main.query_history)"
    )[0][0]
    today = reading.now.date()
    first = found.date() if found is not None else today
    return str(max(min(first, today), today - timedelta(days=365)))


def usage(reading: Reading, shape: Shape) -> str:
    """What each service cost on each day that ended three days ago or earlier (usage_in_currency_daily)."""
    last = (reading.late(shape)).date() - timedelta(days=1)
    compute = days(reading, METERING_DAILY_HISTORY)
    stored = databases(reading, DATABASE_STORAGE_USAGE_HISTORY)
    named = " ".join(f"WHEN '{one}' THEN '{other}'" for one, other in SERVICES.items())
    return (
        f"SELECT {shape.select()} FROM (WITH daily AS MATERIALIZED ({compute}), used AS ("
        f"SELECT USAGE_DATE, CASE SERVICE_TYPE {named} ELSE SERVICE_TYPE END AS SERVICE_TYPE, "
        f"sum(CREDITS_USED_COMPUTE)::DOUBLE AS USAGE FROM daily GROUP BY ALL UNION ALL "
        "SELECT USAGE_DATE, 'CLOUD_SERVICES', "
        "sum(CREDITS_USED_CLOUD_SERVICES + CREDITS_ADJUSTMENT_CLOUD_SERVICES)::DOUBLE "
        "FROM daily GROUP BY ALL UNION ALL "
        f"SELECT USAGE_DATE, 'STORAGE', bytes / {TERABYTE} / day(last_day(USAGE_DATE)) FROM (SELECT USAGE_DATE, "
        f"sum(AVERAGE_DATABASE_BYTES + coalesce(AVERAGE_FAILSAFE_BYTES, 0)) AS bytes FROM ({stored}) GROUP BY ALL)), "
        f"rates AS ({_rates(reading, RATE_SHEET_DAILY)}), "
        "compute AS (SELECT \"DATE\", EFFECTIVE_RATE AS rate FROM rates WHERE SERVICE_TYPE = 'WAREHOUSE_METERING') "
        f"SELECT {_ACCOUNT}, u.USAGE_DATE, coalesce(r.USAGE_TYPE, 'overage-' || lower(u.SERVICE_TYPE)) AS USAGE_TYPE, "
        f"u.USAGE, coalesce(r.CURRENCY, '{CURRENCY}') AS CURRENCY, "
        "u.USAGE * coalesce(r.EFFECTIVE_RATE, c.rate) AS USAGE_IN_CURRENCY, 'overage' AS BALANCE_SOURCE, "
        "'consumption' AS BILLING_TYPE, coalesce(r.RATING_TYPE, 'compute') AS RATING_TYPE, u.SERVICE_TYPE, "
        "false AS IS_ADJUSTMENT FROM used u "
        'LEFT JOIN rates r ON r."DATE" = u.USAGE_DATE AND r.SERVICE_TYPE = u.SERVICE_TYPE '
        f"LEFT JOIN compute c ON c.\"DATE\" = u.USAGE_DATE WHERE u.USAGE > 0 AND u.USAGE_DATE <= DATE '{last}')"
    )
