"""The metering views: what warehouses and services used, by hour and by day.

Hours come from the account's own ledger (`snowdome.warehouses.metering`) and from what was loaded. Cloud services are
what statements spent before they computed, at `query_history.CLOUD_SERVICES_PER_HOUR`; those of statements without a
warehouse stand under CLOUD_SERVICES_ONLY, as warehouse 0. They are hours later than the rest of the row.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from snowdome.usage.attribution_view import attributed_by_hour
from snowdome.usage.columns import METERING_HISTORY, QUERY_HISTORY, WAREHOUSE_METERING_HISTORY
from snowdome.usage.reading import YEAR, at, hour, kept
from snowdome.usage.store import USAGE
from snowdome.warehouses.metering import windows

if TYPE_CHECKING:
    from datetime import datetime

    from snowdome.usage.columns import Shape
    from snowdome.usage.reading import Reading

CLOUD_SERVICES_ONLY = "CLOUD_SERVICES_ONLY"
SERVICES_LATENCY = timedelta(hours=6)
HOUR = timedelta(hours=1)
REBATE = 0.1
"""Cloud services up to this share of the day's compute of warehouses are not billed (cost-understanding-compute)."""
_LEDGER = {"start": "time", "id": "number", "name": "text", "compute": "float"}


def _hours(reading: Reading, until: datetime, *, partial: bool) -> str:
    """The ledger's hours that ended by then: a relation of start, id, name and compute."""
    end = until if partial else until.replace(minute=0, second=0, microsecond=0)
    found = windows.hours(reading.account, reading.now - YEAR, end)
    return reading.rows(_LEDGER, [(h.start, h.warehouse_id, h.warehouse_name, h.credits) for h in found])


def _services(reading: Reading) -> str:
    """Cloud services by hour and warehouse, of hours that ended long enough ago."""
    end = (reading.now - SERVICES_LATENCY).replace(minute=0, second=0, microsecond=0)
    return (
        f"SELECT {hour('START_TIME')} AS start, coalesce(WAREHOUSE_ID, 0) AS id, "
        f"coalesce(WAREHOUSE_NAME, '{CLOUD_SERVICES_ONLY}') AS name, sum(CREDITS_USED_CLOUD_SERVICES) AS services "
        f"FROM {USAGE}.main.{QUERY_HISTORY.kept} WHERE NOT LOADED AND START_TIME < {at(end)} "
        f"AND START_TIME >= {at(reading.now - YEAR)} GROUP BY ALL HAVING services > 0"
    )


def live_hours(reading: Reading, until: datetime, *, services: bool = True, partial: bool = False) -> str:
    """The account's own hours: start, id, name, compute, services and attributed; `partial` has the running one too."""
    hours = _hours(reading, until, partial=partial)
    spent = _services(reading) if services else "SELECT NULL::TIMESTAMPTZ AS start, 0 AS id, '' AS name, 0 AS services"
    return (
        "SELECT coalesce(h.start, s.start) AS start, coalesce(h.id, s.id) AS id, coalesce(h.name, s.name) AS name, "
        "coalesce(h.compute, 0) AS compute, coalesce(s.services, 0) AS services, "
        "coalesce(a.attributed, 0) AS attributed "
        f'FROM "{hours}" h FULL JOIN (SELECT * FROM ({spent}) WHERE start IS NOT NULL) s '
        "ON s.start = h.start AND s.id = h.id "
        f"LEFT JOIN ({attributed_by_hour(reading, until)}) a ON a.start = h.start AND a.id = h.id"
    )


def warehouses(reading: Reading, shape: Shape) -> str:
    """One row for each warehouse and whole hour in which it ran (account-usage/warehouse_metering_history)."""
    return (
        f"{kept(reading, shape)} UNION ALL SELECT {shape.select()} FROM (SELECT start AS START_TIME, "
        "start + INTERVAL 1 HOUR AS END_TIME, id AS WAREHOUSE_ID, name AS WAREHOUSE_NAME, "
        "compute + services AS CREDITS_USED, compute AS CREDITS_USED_COMPUTE, "
        "services AS CREDITS_USED_CLOUD_SERVICES, attributed AS CREDITS_ATTRIBUTED_COMPUTE_QUERIES "
        f"FROM ({live_hours(reading, reading.late(shape))}))"
    )


def services(reading: Reading, shape: Shape) -> str:
    """The hours of warehouses and those of other services that were loaded (account-usage/metering_history)."""
    rows = warehouses(reading, WAREHOUSE_METERING_HISTORY)
    return (
        f"{kept(reading, shape)} UNION ALL SELECT {shape.select()} FROM (SELECT 'WAREHOUSE_METERING' AS SERVICE_TYPE, "
        "START_TIME, END_TIME, WAREHOUSE_ID AS ENTITY_ID, 'WAREHOUSE' AS ENTITY_TYPE, WAREHOUSE_NAME AS NAME, "
        "NULL AS DATABASE_ID, NULL AS DATABASE_NAME, NULL AS SCHEMA_ID, NULL AS SCHEMA_NAME, CREDITS_USED_COMPUTE, "
        f"CREDITS_USED_CLOUD_SERVICES, CREDITS_USED, NULL AS BYTES, NULL AS ROWS, NULL AS FILES FROM ({rows}))"
    )


def days(reading: Reading, shape: Shape) -> str:
    """Known hours by day (UTC), with the rebate on cloud services (account-usage/metering_daily_history)."""
    hours = services(reading, METERING_HISTORY)
    return (
        f"SELECT {shape.select()} FROM (SELECT *, CREDITS_USED + CREDITS_ADJUSTMENT_CLOUD_SERVICES AS CREDITS_BILLED "
        f"FROM (SELECT *, CASE WHEN SERVICE_TYPE = 'WAREHOUSE_METERING' THEN "
        f"-least(CREDITS_USED_CLOUD_SERVICES, {REBATE} * CREDITS_USED_COMPUTE) ELSE 0 END "
        "AS CREDITS_ADJUSTMENT_CLOUD_SERVICES FROM (SELECT SERVICE_TYPE, "
        "CAST(START_TIME AT TIME ZONE 'UTC' AS DATE) AS USAGE_DATE, sum(CREDITS_USED_COMPUTE) AS CREDITS_USED_COMPUTE, "
        "sum(CREDITS_USED_CLOUD_SERVICES) AS CREDITS_USED_CLOUD_SERVICES, sum(CREDITS_USED) AS CREDITS_USED "
        f"FROM ({hours}) GROUP BY ALL)))"
    )


_EVENT_COLUMNS = (
    "at", "warehouse_id", "warehouse_name", "cluster", "name", "reason", "state", "user", "role", "query_id", "size",
    "cluster_count", "warehouse_type", "resource_constraint",
)  # fmt: skip


def events(reading: Reading, shape: Shape) -> str:
    """What happened to warehouses (account-usage/warehouse_events_history)."""
    found = windows.events(reading.account, reading.now - YEAR, reading.late(shape))
    rows = [[getattr(event, name) for name in _EVENT_COLUMNS] for event in found]
    for row in rows:
        row[11] = str(row[11]) if row[11] is not None else None  # the page has CLUSTER_COUNT as VARCHAR
    return f'{kept(reading, shape)} UNION ALL SELECT {shape.select()} FROM "{reading.rows(shape.columns, rows)}"'
