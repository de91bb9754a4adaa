"""What a stream answers: the net change of its table since its offset, read from the table's journal.

https://docs.snowflake.com/en/user-guide/streams-intro: a row that came and went between is not there; a row that was
updated is there twice, as DELETE and as INSERT, both with METADATA$ISUPDATE. The offset moves when a statement that
changes rows reads the stream. A row's METADATA$ROW_ID is the same at each reading, but not from one offset to the next.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from snowdome.errors import SqlError
from snowdome.query import time_travel
from snowdome.query.time_travel import Moment
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.cursor import Cursor
from snowdome.state.duckdb_rows import ROWS, journal
from snowdome.state.pipelines import Stream
from snowdome.state.records import Table
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

ACTION, IS_UPDATE, ROW_ID = "METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID"
METADATA = ((ACTION, "VARCHAR"), (IS_UPDATE, "BOOLEAN"), (ROW_ID, "VARCHAR"))
EXTENSION_DAYS = 14
"""MAX_DATA_EXTENSION_TIME_IN_DAYS: for so long a table's past is kept for a stream that was not read."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a journal: where it stands there, and what it says."""

    place: tuple[str, int]
    turn: int
    sign: int
    row: int
    image: str


@dataclass(slots=True)
class Chain:
    """One row from the offset until now: as it was, and as it is."""

    first: Event
    was: Event | None
    now: Event | None


def source(account: Account, stream: Stream) -> Table:
    """The table the stream watches, or Snowflake's refusal where it is no more or the stream is stale."""
    table = account.catalog.peek(stream.source)
    if not isinstance(table, Table) or not account.catalog.is_live(table):
        raise SqlError(91_901, "01000", f"Base table of stream '{stream.name}' was dropped: the stream is stale.")
    if account.clock.now() > stale_after(account, stream, table):
        raise SqlError(91_901, "01000", f"Stream '{stream.name}' is stale: recreate it to read changes again.")
    return table


def stale_after(account: Account, stream: Stream, table: Table) -> datetime:
    """The moment from which the changes that the stream has not shown may be gone."""
    own = table.parameters.get("MAX_DATA_EXTENSION_TIME_IN_DAYS", EXTENSION_DAYS)
    return stream.at + timedelta(days=max(retention_days(account, table), int(own)))


def has_data(account: Account, session: Session, name: str) -> bool:
    """Whether the stream of that name has changes to show."""
    cursor = Cursor(name)
    written = cursor.name()
    cursor.end()
    parts = (written.database, written.schema, written.last)
    with account.catalog.lock:
        stream = resolve.child(account, Context.of(session), Stream, parts)
        return stream.initial or bool(_lines(account, session, stream)[0])


def query(account: Account, session: Session, stream: Stream) -> tuple[str, pa.Table, int]:
    """A DuckDB query for the stream's records (`{meta}` in it stands for the table), and its offset once it is read."""
    table = source(account, stream)
    if stream.initial:
        then = Moment(stream.at, stream.turn)
        rows = time_travel.query(account, table, then)
        some = (
            f'SELECT *, \'INSERT\' AS "{ACTION}", FALSE AS "{IS_UPDATE}", '
            f"sha1('{stream.source}:' || row_number() OVER ()) AS \"{ROW_ID}\" FROM ({rows})"
        )
        return some, pa.table({"place": pa.array([], pa.int64())}), stream.turn
    lines, offset = _lines(account, session, stream)
    meta = pa.table({
        "physical": pa.array([place[0] for place, *_ in lines], pa.string()),
        "place": pa.array([place[1] for place, *_ in lines], pa.int64()),
        "action": pa.array([action for _, action, _, _ in lines], pa.string()),
        "updated": pa.array([updated for _, _, updated, _ in lines], pa.bool_()),
        "id": pa.array([row_id for *_, row_id in lines], pa.string()),
    })  # fmt: skip
    parts = [
        f'SELECT {", ".join(columns)}, m.action AS "{ACTION}", m.updated AS "{IS_UPDATE}", m.id AS "{ROW_ID}" '
        f'FROM {ROWS}.main."{journal(physical)}" AS j JOIN {{meta}} AS m '
        f"ON m.place = j.rowid AND m.physical = '{physical}'"
        for physical, columns in _sources(table, stream)
    ]
    return " UNION ALL ".join(parts), meta, offset


def _sources(table: Table, stream: Stream) -> list[tuple[str, list[str]]]:
    """The anonymous tables in whose journals the changes are, the oldest first, with the columns of today."""
    found = [
        (v.physical, [time_travel.column(table, c.name, v) for c in table.columns])
        for v in table.past
        if v.turn > stream.turn
    ]
    return [*found, (table.physical, [time_travel.column(table, c.name, None) for c in table.columns])]


Line = tuple[tuple[str, int], str, bool, str]


def _lines(account: Account, session: Session, stream: Stream) -> tuple[list[Line], int]:
    """The records: place in a journal, action, whether part of an update, row id; and the offset after them."""
    table = source(account, stream)
    events: list[Event] = []
    for physical, columns in _sources(table, stream):
        image = "md5(concat_ws(chr(1), " + ", ".join(
            f"coalesce({c.split(' AS ')[0]}::VARCHAR, chr(2))" for c in columns
        )
        session.duck.execute(
            f'SELECT rowid, "~turn", "~sign", "~row", {image})) FROM {ROWS}.main."{journal(physical)}" '
            f'WHERE "~turn" > {stream.turn} AND "~at" IS NOT NULL ORDER BY rowid'
        )
        rows: list[tuple[Any, ...]] = session.duck.fetchall()
        events += [Event((physical, place), turn, sign, row, key) for place, turn, sign, row, key in rows]
    offset = max((event.turn for event in events), default=stream.turn)
    chains, added = _chains(events)
    if stream.append_only:
        return [(e.place, "INSERT", False, _id(stream, e)) for e in added], offset
    lines: list[Line] = []
    for chain in chains:
        updated = chain.was is not None and chain.now is not None
        if chain.was is not None and chain.now is not None and chain.was.image == chain.now.image:
            continue
        if chain.was is not None:
            lines.append((chain.was.place, "DELETE", updated, _id(stream, chain.first)))
        if chain.now is not None:
            lines.append((chain.now.place, "INSERT", updated, _id(stream, chain.first)))
    return lines, offset


def _id(stream: Stream, event: Event) -> str:
    return hashlib.sha1(f"{stream.source}:{event.turn}:{event.row}".encode(), usedforsecurity=False).hexdigest()


def _chains(events: list[Event]) -> tuple[list[Chain], list[Event]]:
    """What became of each row that was touched, and the rows that were added, whatever became of them."""
    chains: list[Chain] = []
    added: list[Event] = []
    standing: defaultdict[str, list[Chain]] = defaultdict(list)
    gone: dict[tuple[int, int], Event] = {}

    def chain_of(event: Event) -> Chain:
        if standing[event.image]:
            return standing[event.image].pop()
        chains.append(Chain(event, event, event))
        return chains[-1]

    def delete_rest() -> None:
        for event in gone.values():
            chain_of(event).now = None
        gone.clear()

    turn = None
    for event in events:
        if event.turn != turn:
            delete_rest()
            turn = event.turn
        if event.sign < 0:
            gone[event.turn, event.row] = event
            continue
        before = gone.pop((event.turn, event.row), None)
        if before is None:
            added.append(event)
            chain = Chain(event, None, event)
            chains.append(chain)
        elif before.image == event.image:
            continue
        else:
            chain = chain_of(before)
            chain.now = event
        standing[event.image].append(chain)
    delete_rest()
    return chains, added
