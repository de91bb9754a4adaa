"""What happened to a warehouse, in the words of account-usage/warehouse_events_history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of WAREHOUSE_EVENTS_HISTORY: `name`, `reason` and `state` are EVENT_NAME, EVENT_REASON and EVENT_STATE."""

    at: datetime
    warehouse_id: int
    warehouse_name: str
    name: str
    cluster: int | None = None
    reason: str | None = None
    state: str = "COMPLETED"
    user: str | None = None
    role: str | None = None
    query_id: str | None = None
    size: str | None = None
    cluster_count: int | None = None
    warehouse_type: str | None = None
    resource_constraint: str | None = None
