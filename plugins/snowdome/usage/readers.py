"""Which view is read how; the ones that are not here are read as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from snowdome.errors import unsupported
from snowdome.usage import attribution, costs, prices, seen, storage
from snowdome.usage.reading import Reader, Reading, kept
from snowdome.usage.shapes import SHAPES

if TYPE_CHECKING:
    from snowdome.state.records import View
    from snowdome.state.session import Session
    from snowdome.usage.account import Account

BY_NAME = {(shape.schema, shape.name): shape for shape in SHAPES}

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


def relation(account: Account, session: Session, schema: str, view: View) -> list[str]:
    """The names registered for the statement that reads the view; the last of them is the view."""
    shape = BY_NAME.get((schema, view.name))
    if shape is None:
        raise unsupported(f"SNOWFLAKE.{schema}.{view.name}")
    account.usage.history.flush()
    reading = Reading(account, session, account.clock.now())
    reading.view(READERS.get(shape.name, kept)(reading, shape))
    return reading.registered
