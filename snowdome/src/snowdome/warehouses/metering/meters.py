"""What resource monitors have counted, and which triggers have fired, kept in the account's file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome.warehouses.metering import periods
from snowdome.warehouses.metering.ledger import moment, number

if TYPE_CHECKING:
    from snowdome.state.catalog import Change
    from snowdome.state.store import Store

NOTICES = """CREATE TABLE IF NOT EXISTS monitor_notices (
    at INTEGER, monitor INTEGER, name TEXT, action TEXT, message TEXT, users TEXT)"""
LAYOUT = (
    "CREATE TABLE IF NOT EXISTS monitor_meters (monitor INTEGER PRIMARY KEY, since INTEGER, used REAL, fired TEXT)",
    NOTICES,
)
SCHEDULED = "SCHEDULED"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happens at a share of the quota."""

    percent: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What segments that are over have used since the interval began, and which triggers fired in it."""

    monitor: int
    since: datetime
    used: float = 0.0
    fired: frozenset[Trigger] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message of a monitor, to its administrators and the users it names."""

    at: datetime
    monitor: int
    name: str
    action: str
    message: str
    users: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The notice as JSON can carry it."""
        return {
            "at": self.at.isoformat(), "monitor": self.name, "action": self.action, "message": self.message,
            "users": list(self.users),
        }  # fmt: skip


class Meters:
    """The meters of all monitors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.prepare(LAYOUT)
        self._meters = {row[0]: _meter(row) for row in store.rows("SELECT * FROM monitor_meters")}

    def of(self, monitor: int, settings: Mapping[str, Any], now: datetime) -> Meter:
        """The monitor's meter for the interval that `now` is in."""
        begin = begins(settings, now)
        found = self._meters.get(monitor)
        return found if found is not None and found.since == begin else Meter(monitor=monitor, since=begin)

    def put(self, change: Change, meter: Meter) -> None:
        """The meter stands so."""
        before = self._meters.get(meter.monitor)
        self._meters[meter.monitor] = meter
        fired = json.dumps(sorted((one.percent, one.action) for one in meter.fired))
        row = (meter.monitor, number(meter.since), meter.used, fired)
        change.also("INSERT OR REPLACE INTO monitor_meters VALUES (?, ?, ?, ?)", row, lambda: self._back(meter, before))

    def forget(self, change: Change, monitor: int) -> None:
        """There is no meter of that monitor."""
        self._meters.pop(monitor, None)
        change.also("DELETE FROM monitor_meters WHERE monitor = ?", (monitor,))

    def _back(self, meter: Meter, before: Meter | None) -> None:
        if before is None:
            self._meters.pop(meter.monitor, None)
        else:
            self._meters[meter.monitor] = before

    # -- notices --------------------------------------------------------------------------------------------------
    def notify(self, change: Change, notice: Notice) -> None:
        """The notice is on record."""
        row = (number(notice.at), notice.monitor, notice.name, notice.action, notice.message, json.dumps(notice.users))
        change.also("INSERT INTO monitor_notices VALUES (?, ?, ?, ?, ?, ?)", row)

    def notices(self) -> list[Notice]:
        """Every notice, the oldest first."""
        rows = self._store.rows("SELECT * FROM monitor_notices ORDER BY rowid")
        return [
            Notice(
                at=moment(at), monitor=monitor, name=name, action=action, message=message, users=tuple(json.loads(to))
            )
            for at, monitor, name, action, message, to in rows
        ]


def begins(settings: Mapping[str, Any], now: datetime) -> datetime:
    """When the interval began that the monitor with these settings counts in."""
    start = datetime.fromisoformat(settings["START_TIMESTAMP"])
    return periods.begins(settings["FREQUENCY"], start, now, scheduled=bool(settings.get(SCHEDULED)))


def ends(settings: Mapping[str, Any], now: datetime) -> datetime | None:
    """When that interval is over; None where it never is."""
    start = datetime.fromisoformat(settings["START_TIMESTAMP"])
    return periods.ends(settings["FREQUENCY"], start, now, scheduled=bool(settings.get(SCHEDULED)))


def _meter(row: tuple[Any, ...]) -> Meter:
    fired = frozenset(Trigger(percent, action) for percent, action in json.loads(row[3]))
    return Meter(monitor=row[0], since=moment(row[1]), used=row[2], fired=fired)
