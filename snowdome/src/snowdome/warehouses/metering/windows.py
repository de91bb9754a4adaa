"""What warehouses ran in a window of time, by segment, by hour and by event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.warehouses.metering.segments import Hour, Segment, by_hour

if TYPE_CHECKING:
    from snowdome.warehouses.account import Account
    from snowdome.warehouses.metering.events import Event


def segments(account: Account, start: datetime, end: datetime) -> list[Segment]:
    """The segments that ran, or were billed, between the two moments."""
    with account.catalog.lock:
        return account.ledger.segments(start, end)


def hours(account: Account, start: datetime, end: datetime) -> Iterable[Hour]:
    """What each warehouse used in each clock hour (UTC) of the window in which it ran, up to now."""
    until = min(end, account.clock.now())
    return by_hour(segments(account, start, until), start, until)


def events(account: Account, start: datetime, end: datetime) -> list[Event]:
    """What happened to warehouses between the two moments, in order."""
    with account.catalog.lock:
        return account.ledger.events(start, end)
