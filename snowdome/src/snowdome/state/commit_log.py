"""The commit log: what a commit changes in the catalog, on disk before its rows are, so that a kill leaves no half.

Rows are committed by DuckDB, what is known about their tables by SQLite. The intent is written first, and removed by
the change of the catalog that carries it out. An intent that is found at the start belongs to a server that was killed
in between: where the rows were committed (they say so themselves), it is carried out then; where not, it is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from snowdome.state import change_log
from snowdome.state.duckdb_rows import ROWS
from snowdome.state.pipelines import Stream
from snowdome.state.records import Table, Version

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

MARKS = f"{ROWS}.main._turns"
"""The turns of commits that changed columns: a table that is altered in place does not tell by itself."""
LAYOUT = ("CREATE TABLE IF NOT EXISTS intents (turn INTEGER PRIMARY KEY, body TEXT NOT NULL)",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A commit's changes of tables, by table id: when, in which turn, and what the tables become."""

    turn: int
    at: datetime
    touched: frozenset[int]
    pending: dict[int, str] = field(default_factory=dict)
    """Tables with rows of their own from now on: the anonymous tables that hold them."""
    reshaped: dict[int, Table] = field(default_factory=dict)
    """Tables whose columns or keys are changed, as they will be."""
    consumed: dict[int, int] = field(default_factory=dict)
    """Streams that were read for the change, and the offset each has from now on."""
    journaled: frozenset[str] = frozenset()
    """Anonymous tables in whose journals the commit's turn is to be found."""


_ADAPTER = TypeAdapter(Intent)


def declare(account: Account, session: Session, now: datetime) -> Intent | None:
    """What the session's transaction is about to do is on disk; nothing, if it does nothing to lasting tables."""
    touched = frozenset(i for i in session.touched if isinstance(account.catalog.peek(i), Table))
    if not touched and not session.consumed:
        return None
    with account.catalog.change() as change:
        if session.turn is None:
            session.turn = change.new_id()
        intent = Intent(
            turn=session.turn,
            at=now,
            touched=touched,
            pending=dict(session.pending),
            consumed=dict(session.consumed),
            reshaped=dict(session.reshaped),
            journaled=frozenset(session.journaled),
        )
        change.also("INSERT INTO intents VALUES (?, ?)", (intent.turn, _ADAPTER.dump_json(intent).decode()))
    if intent.reshaped:
        session.duck.execute(f"INSERT INTO {MARKS} VALUES ({intent.turn})")
    return intent


def carry_out(account: Account, intent: Intent) -> None:
    """The catalog knows what the commit did."""
    with account.catalog.change() as change:
        for table_id in intent.touched:
            table = account.catalog.peek(table_id)
            if isinstance(table, Table):
                change.put(_after(intent, table))
        for stream_id, offset in intent.consumed.items():
            stream = account.catalog.peek(stream_id)
            if isinstance(stream, Stream):
                change.put(replace(stream, at=intent.at, turn=max(offset, stream.turn), initial=False))
        change.also("DELETE FROM intents WHERE turn = ?", (intent.turn,))


def forget(account: Account, intent: Intent) -> None:
    """The commit did not take place."""
    with account.catalog.change() as change:
        change.also("DELETE FROM intents WHERE turn = ?", (intent.turn,))


def settle(account: Account) -> None:
    """No intent of a killed server is left: those whose rows were committed are carried out."""
    account.store.prepare(LAYOUT)
    account.duck.run(f"CREATE TABLE IF NOT EXISTS {MARKS} (turn BIGINT)")
    names = account.duck.names()
    marked = {turn for (turn,) in account.duck.run(f"SELECT turn FROM {MARKS}")}
    for (body,) in account.store.rows("SELECT body FROM intents ORDER BY turn"):
        intent = _ADAPTER.validate_json(body)
        if intent.turn in marked or not names.isdisjoint(intent.pending.values()) or _told(account, intent, names):
            carry_out(account, intent)
        else:
            forget(account, intent)
    account.duck.run(f"DELETE FROM {MARKS}")


def _told(account: Account, intent: Intent, names: set[str]) -> bool:
    """Whether a journal tells of the commit."""
    return any(physical in names and change_log.tells(account, physical, intent.turn) for physical in intent.journaled)


def _after(intent: Intent, table: Table) -> Table:
    own = intent.pending.get(table.id)
    if own is not None and own != table.physical:
        columns = {column.name: column.name for column in table.columns}
        left = Version(physical=table.physical, until=intent.at, turn=intent.turn, columns=columns)
        table = replace(table, physical=own, past=(*table.past, left))
    shape = intent.reshaped.get(table.id)
    if shape is not None:
        names = {version.physical: version.columns for version in shape.past}
        table = replace(
            table,
            past=tuple(replace(v, columns=names.get(v.physical, v.columns)) for v in table.past),
            columns=shape.columns,
            keys=shape.keys,
            masks=shape.masks,
            column_tags=shape.column_tags,
            version=table.version + 1,
            last_ddl=intent.at,
        )
    return replace(table, altered_on=max(intent.at, table.altered_on) if table.altered_on else intent.at)
