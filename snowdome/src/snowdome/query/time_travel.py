"""Time Travel: what a table held at a moment, read from its rows of now, its journal, and the versions it left behind.

https://docs.snowflake.com/en/sql-reference/constructs/at-before: the columns are those of the table's present
definition; a moment beyond the retention period or before the table was made is refused with 000707.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from snowdome.errors import SqlError, unsupported
from snowdome.security import access
from snowdome.state.duckdb_rows import ROWS, copy_rows, journal
from snowdome.state.records import Record, Table, Version
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.usage.account import Account


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the account's past: a time or, with `turn`, a place between two changes."""

    at: datetime
    turn: int | None = None
    """Changes up to and including this one had been made."""
    inclusive: bool = True
    """Whether a change of that very time had been made."""

    def precedes(self, at: datetime, turn: int) -> bool:
        """Whether what happened then, in that turn, came after the moment."""
        if self.turn is not None:
            return turn > self.turn
        return at > self.at or (not self.inclusive and at == self.at)

    def precedes_drop(self, at: datetime) -> bool:
        """Whether what was dropped then was still there."""
        return at > self.at or (not self.inclusive and at == self.at)

    @property
    def later(self) -> str:
        """The condition on a journal's rows to have come after the moment."""
        if self.turn is not None:
            after = f'"~turn" > {self.turn}'
        else:
            after = f"\"~at\" {'>' if self.inclusive else '>='} '{self.at.isoformat()}'::TIMESTAMPTZ"
        return f'({after} OR "~at" IS NULL)'


def query(account: Account, table: Table, moment: Moment) -> str:
    """A DuckDB query for the rows that the table had, with the columns it has."""
    check(account, table, moment)
    version = _version(table, moment)
    return _rows(table, version, version.physical if version is not None else table.physical, moment)


def _rows(table: Table, version: Version | None, physical: str, moment: Moment) -> str:
    columns = ", ".join(column(table, c.name, version) for c in table.columns)
    if version is not None:
        # a type that was changed since is that of now
        of_now = ", ".join(_quoted(c.name) for c in table.columns)
        shape = f'SELECT {of_now} FROM {ROWS}.main."{table.physical}" LIMIT 0'
        return f"({shape}) UNION ALL ({_read(columns, physical, moment)})"
    return _read(columns, physical, moment)


def _read(columns: str, physical: str, moment: Moment) -> str:
    kept = f'{ROWS}.main."{journal(physical)}" WHERE {moment.later}'
    return (
        f'SELECT {columns} FROM (SELECT * FROM {ROWS}.main."{physical}" UNION ALL BY NAME '
        f'SELECT * EXCLUDE ("~at", "~turn", "~sign", "~row") FROM {kept} AND "~sign" = -1) '
        f'EXCEPT ALL SELECT {columns} FROM {kept} AND "~sign" = 1'
    )


def column(table: Table, name: str, version: Version | None) -> str:
    """The table's column of today as it is read from rows of now, or from those of an earlier version."""
    if version is None:
        return _quoted(name)
    if name in version.columns:
        return f"{_quoted(version.columns[name])} AS {_quoted(name)}"
    if next(c for c in table.columns if c.name == name).default is not None:
        raise unsupported(f"Time Travel to before column {name} with its default was added to {table.name}")
    return f"NULL AS {_quoted(name)}"


def changed_since(account: Account, table: Table, moment: Moment) -> bool:
    """Whether rows of the table came or went after the moment."""
    if _version(table, moment) is not None:
        return True
    found = account.duck.run(
        f'SELECT 1 FROM {ROWS}.main."{journal(table.physical)}" WHERE {moment.later} AND "~at" IS NOT NULL LIMIT 1'
    )
    return bool(found)


def as_of(account: Account, table: Table, moment: Moment) -> Table:
    """The table with the rows it had; where nothing changed since, it shares those of now."""
    check(account, table, moment)
    if not changed_since(account, table, moment):
        return table
    physical = f"t{account.catalog.new_id()}"
    with account.duck.cursor() as cursor:
        copy_rows(cursor, table.physical, physical, empty=True)
        cursor.execute(f'INSERT INTO {ROWS}.main."{physical}" BY NAME {query(account, table, moment)}')
    return replace(table, physical=physical, past=())


def check(account: Account, table: Table, moment: Moment) -> None:
    """The table was there, and its retention reaches back to the moment; or 000707."""
    if table.temporary:
        raise unsupported("Time Travel of a temporary table")
    if moment.precedes(table.created_on, table.id) or not within_retention(account, table, moment):
        raise unavailable(account, table)


def within_retention(account: Account, table: Table, moment: Moment) -> bool:
    """Whether the table's retention reaches back to the moment."""
    if table.kept_from is not None and moment.at < table.kept_from:
        return False
    return account.clock.now() - moment.at <= timedelta(days=retention_days(account, table))


def unavailable(account: Account, record: Record) -> SqlError:
    """Snowflake's refusal."""
    return SqlError(
        707,
        "02000",
        f"Time travel data is not available for {record.kind.lower()} {access.full_name(account, record)}. "
        "The requested time is either beyond the allowed time travel period or before the object creation time.",
    )


def _version(table: Table, moment: Moment) -> Version | None:
    return next((v for v in table.past if moment.precedes(v.until, v.turn)), None)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def turn_at(account: Account, table: Table, moment: Moment) -> int:
    """The turn of the last change that the moment still saw: later changes of the table have higher ones."""
    if moment.turn is not None:
        return moment.turn
    turns = [v.turn for v in table.past if not moment.precedes(v.until, v.turn)]
    for physical in table.physicals:
        found = account.duck.run(
            f'SELECT max("~turn") FROM {ROWS}.main."{journal(physical)}" WHERE NOT {moment.later} AND "~at" IS NOT NULL'
        )
        turns += [int(str(turn)) for (turn,) in found if turn is not None]
    return max([table.id, *turns])
