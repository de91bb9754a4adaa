"""Which view is read how; the ones that are not here are read as they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from snowdome.usage import attribution, costs, prices, seen, storage
from snowdome.usage.reading import Reader

READERS: Mapping[str, Reader] = {
    "DATABASES": seen.databases,
    "TAG_REFERENCES": seen.tag_references,
    "GRANTS_TO_ROLES": seen.grants_to_roles,
    "TABLE_STORAGE_METRICS": storage.tables,
    "DATABASE_STORAGE_USAGE_HISTORY": storage.databases,
    "RATE_SHEET_DAILY": prices.rates,
    "USAGE_IN_CURRENCY_DAILY": prices.usage,
    "WAREHOUSE_METERING_HISTORY": costs.warehouses,
    "METERING_HISTORY": costs.services,
    "METERING_DAILY_HISTORY": costs.days,
    "WAREHOUSE_EVENTS_HISTORY": costs.events,
    "QUERY_ATTRIBUTION_HISTORY": attribution.statements,
}
