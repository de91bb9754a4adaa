"""The ledger: which cluster ran when at what size, and what happened to which warehouse, kept in the account's file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from snowdome.warehouses.metering.events import Event
from snowdome.warehouses.metering.segments import MINIMUM_SECONDS, Segment

if TYPE_CHECKING:
    from snowdome.state.catalog import Change
    from snowdome.state.store import Store

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEGMENT_FIELDS = (
    "id", "warehouse_id", "name", "cluster", "size", "generation", "started", "ended", "base", "minimum", "factor",
)  # fmt: skip
EVENT_FIELDS = (
    "at", "warehouse_id", "warehouse_name", "name", "cluster", "reason", "state", "user", "role", "query_id", "size",
    "cluster_count", "warehouse_type", "resource_constraint",
)  # fmt: skip
TIMES = frozenset({"started", "ended", "at"})
SEGMENTS = """CREATE TABLE IF NOT EXISTS metering_segments (
    id INTEGER PRIMARY KEY, warehouse_id INTEGER, name TEXT, cluster INTEGER, size TEXT, generation TEXT,
    started INTEGER, ended INTEGER, base TEXT, minimum REAL, factor REAL)"""
EVENTS = """CREATE TABLE IF NOT EXISTS metering_events (
    at INTEGER, warehouse_id INTEGER, warehouse_name TEXT, name TEXT, cluster INTEGER, reason TEXT, state TEXT,
    user TEXT, role TEXT, query_id TEXT, size TEXT, cluster_count INTEGER, warehouse_type TEXT,
    resource_constraint TEXT)"""
LAYOUT = (
    SEGMENTS,
    EVENTS,
    "CREATE INDEX IF NOT EXISTS metering_segments_ended ON metering_segments (ended)",
    "CREATE INDEX IF NOT EXISTS metering_segments_started ON metering_segments (started)",
    "CREATE INDEX IF NOT EXISTS metering_events_at ON metering_events (at)",
)


class Ledger:
    """Every segment and event there was. Changes are part of a change of the catalog, and undone with it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.prepare(LAYOUT)
        self._open: defaultdict[int, dict[int, Segment]] = defaultdict(dict)
        for row in store.rows(f"SELECT {', '.join(SEGMENT_FIELDS)} FROM metering_segments WHERE ended IS NULL"):
            segment = _segment(row)
            self._open[segment.warehouse_id][segment.id] = segment
        last = store.rows("SELECT coalesce(max(id), 0) FROM metering_segments")
        self._last_id = int(last[0][0])

    # -- reading ------------------------------------------------------------------------------------------------
    def running(self, warehouse: int | None = None) -> list[Segment]:
        """The segments that run on, of one warehouse or of all."""
        if warehouse is not None:
            return list(self._open.get(warehouse, {}).values())
        return [segment for of in self._open.values() for segment in of.values()]

    def segments(self, start: datetime, end: datetime) -> list[Segment]:
        """The segments that ran, or were billed, between the two moments, in the order of their start."""
        rows = self._store.rows(
            f"SELECT {', '.join(SEGMENT_FIELDS)} FROM metering_segments "
            "WHERE started < ? AND (ended IS NULL OR ended > ? OR started >= ?) ORDER BY started, id",
            (number(end), number(start), number(start)),
        )
        return [_segment(row) for row in rows]

    def events(self, start: datetime, end: datetime) -> list[Event]:
        """What happened from `start` up to `end`, in order."""
        rows = self._store.rows(
            f"SELECT {', '.join(EVENT_FIELDS)} FROM metering_events WHERE at >= ? AND at < ? ORDER BY rowid",
            (number(start), number(end)),
        )
        return sorted((Event(**_values(EVENT_FIELDS, row)) for row in rows), key=lambda event: event.at)

    # -- writing ------------------------------------------------------------------------------------------------
    def begin(
        self,
        change: Change,
        *,
        warehouse: int,
        name: str,
        cluster: int,
        size: str,
        generation: str,
        at: datetime,
        factor: float,
        base: str | None = None,
        minimum: float = MINIMUM_SECONDS,
    ) -> Segment:
        """A cluster runs at that size from now on."""
        self._last_id += 1
        segment = Segment(
            id=self._last_id, warehouse_id=warehouse, name=name, cluster=cluster, size=size, generation=generation,
            started=at, factor=factor, base=base, minimum=minimum,
        )  # fmt: skip
        self._open[warehouse][segment.id] = segment
        self._write(change, segment, lambda: self._open[warehouse].pop(segment.id, None))
        return segment

    def end(self, change: Change, segment: Segment, at: datetime) -> Segment:
        """The segment is over."""
        of = self._open[segment.warehouse_id]
        ended = replace(segment, ended=max(at, segment.started))
        of.pop(segment.id, None)
        self._write(change, ended, lambda: of.__setitem__(segment.id, segment))
        return ended

    def happened(self, change: Change, event: Event) -> None:
        """The event is on record."""
        marks = ", ".join("?" * len(EVENT_FIELDS))
        row = tuple(_plain(getattr(event, name)) for name in EVENT_FIELDS)
        change.also(f"INSERT INTO metering_events VALUES ({marks})", row)

    def _write(self, change: Change, segment: Segment, undo: Any) -> None:
        marks = ", ".join("?" * len(SEGMENT_FIELDS))
        row = tuple(_plain(getattr(segment, name)) for name in SEGMENT_FIELDS)
        change.also(f"INSERT OR REPLACE INTO metering_segments VALUES ({marks})", row, undo)


def _segment(row: tuple[Any, ...]) -> Segment:
    return Segment(**_values(SEGMENT_FIELDS, row))


def _values(fields: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(fields, row, strict=True)
    return {name: moment(value) if name in TIMES and value is not None else value for name, value in pairs}


def _plain(value: Any) -> Any:
    return number(value) if isinstance(value, datetime) else value


def number(moment: datetime) -> int:
    """Microseconds since 1970: whole numbers compare as times do."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(number: int) -> datetime:
    """The time that many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=number)
