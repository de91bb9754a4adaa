"""The usage views: how each is read; those not listed are read as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from snowdome.errors import unsupported
from snowdome.usage import attribution_view, metering_views, object_views, price_views, storage_views
from snowdome.usage.columns import SHAPES
from snowdome.usage.reading import Reader, Reading, kept

if TYPE_CHECKING:
    from snowdome.state.records import View
    from snowdome.state.session import Session
    from snowdome.usage.account import Account

BY_NAME = {(shape.schema, shape.name): shape for shape in SHAPES}

READERS: Mapping[str, Reader] = {
    "DATABASES": object_views.databases,
    "TAG_REFERENCES": object_views.tag_references,
    "GRANTS_TO_ROLES": object_views.grants_to_roles,
    "TABLE_STORAGE_METRICS": storage_views.tables,
    "DATABASE_STORAGE_USAGE_HISTORY": storage_views.databases,
    "RATE_SHEET_DAILY": price_views.rates,
    "USAGE_IN_CURRENCY_DAILY": price_views.usage,
    "WAREHOUSE_METERING_HISTORY": metering_views.warehouses,
    "METERING_HISTORY": metering_views.services,
    "METERING_DAILY_HISTORY": metering_views.days,
    "WAREHOUSE_EVENTS_HISTORY": metering_views.events,
    "QUERY_ATTRIBUTION_HISTORY": attribution_view.statements,
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
