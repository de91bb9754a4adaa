"""The account's rows in DuckDB: anonymous tables in one file, found only through the catalog.

No Snowflake name ever reaches DuckDB. A table is `rows.main."t17"`; what it is called, and which databases share it,
is the catalog's business. So a swap, a rename or a clone moves no row, and a statement that was compiled before a swap
finishes on what it was compiled against.
"""

from __future__ import annotations

import shutil
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from fakesnow import info_schema, macros
from fakesnow.transforms import stage

from snowdome.errors import SqlError
from snowdome.sql import macros as typed_macros
from snowdome.state.duckdb_engine import Engine, SavedRows

# DuckDB advises against arrow from DB-API cursors, whose extra copy is what we pay for transactions and parameters
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")

ROWS = "rows"
VIEWS = "views"
with suppress(OSError):  # which fakesnow makes on import, and which no account of ours uses
    Path(stage.LOCAL_BUCKET_PATH).rmdir()


class Duck:
    """The engine under the account, and the care of its anonymous tables."""

    def __init__(self, folder: Path | None, engine: Engine | None = None, origin: SavedRows | None = None) -> None:
        """The account's rows: those in the folder, in memory those of the origin, or none.

        An engine that is given goes on when this is closed; without one, the account has its own.
        """
        self._engine, self._own = engine or Engine(), engine is None
        self._attached: list[str] = []
        self._root = self._engine.cursor()
        file = str(folder / "rows.duckdb").replace("'", "''") if folder else ":memory:"
        self.attach(ROWS, file, origin.databases[ROWS] if origin else None)
        self.attach(VIEWS)
        for name in (ROWS, VIEWS) if origin is None else (VIEWS,):
            self._root.execute(macros.creation_sql(name))
            self._root.execute(typed_macros.creation_sql(name))
        if origin is None:
            self._root.execute(info_schema.per_db_creation_sql(ROWS))
        self._root.execute(f"USE {ROWS}.main")
        self._files = None if folder else TemporaryDirectory(prefix="snowdome_stages_")
        files = folder / "stages" if folder else Path(self._files.name) if self._files else Path()
        files.mkdir(exist_ok=True)
        if origin is not None:
            shutil.copytree(origin.files.name, files, dirs_exist_ok=True)
        # an account's own: the next one in this process numbers its stages alike
        stage.LOCAL_BUCKET_PATH = str(files)
        self._lock = threading.Lock()
        self._clock = 0
        self._running: dict[int, int] = {}
        self._retired: list[tuple[int, str]] = []
        self._needed: set[str] = set()

    def attach(self, name: str, file: str = ":memory:", origin: str | None = None) -> None:
        """The account has a database of that name, as the origin is if there is one."""
        self._attached.append(name)
        self._engine.attach(name, file, origin)

    def saved(self, *more: str) -> SavedRows:
        """Return a copy of the rows, of further databases of the account's, and of its stages' files."""
        files = TemporaryDirectory(prefix="snowdome_snapshot_")
        shutil.copytree(stage.LOCAL_BUCKET_PATH, files.name, dirs_exist_ok=True)
        return SavedRows(self._engine, {name: self._engine.copied(name) for name in (ROWS, *more)}, files)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for a session, with its own transactions and temporary tables."""
        cursor = self._root.cursor()
        cursor.execute(f"USE {ROWS}.main")
        return cursor

    # -- the care of tables -------------------------------------------------------------------------------------
    def enter(self) -> int:
        """A statement is running from now on: nothing it may have found is dropped under it."""
        with self._lock:
            self._clock += 1
            self._running[self._clock] = self._clock
            return self._clock

    def leave(self, ticket: int) -> None:
        """The statement is over; tables that nobody can have found any more are dropped."""
        with self._lock:
            self._running.pop(ticket)
            if not self._retired:
                return
            oldest = min(self._running, default=self._clock + 1)
            due = [name for retired_at, name in self._retired if retired_at < oldest]
            self._retired = [r for r in self._retired if r[0] >= oldest]
        for name in due:
            self.drop(name)

    def retire(self, physical: str) -> None:
        """The table or sequence is dropped as soon as no running statement can have found it."""
        with self._lock:
            self._clock += 1
            self._retired.append((self._clock, physical))

    def drop(self, physical: str) -> None:
        """The table, view or sequence is gone; a sequence that a table's default counts by goes with that table."""
        with self._root.cursor() as cursor:
            try:
                cursor.execute(drop_sql(physical))
            except duckdb.DependencyException:
                self._needed.add(physical)
                return
            if not physical.startswith("t"):
                return
            cursor.execute(drop_sql(journal(physical)))
        needed, self._needed = self._needed, set()
        for name in needed:
            self.drop(name)

    def drop_temporary(self, session: duckdb.DuckDBPyConnection, physical: str) -> None:
        """The session's temporary table is gone."""
        session.execute(f'DROP TABLE IF EXISTS temp.main."{physical}"')

    def copy(self, source: str, physical: str) -> None:
        """`physical` has the columns and the committed rows of `source`."""
        with self._root.cursor() as cursor:
            cursor.execute(f"USE {ROWS}.main")
            copy_rows(cursor, source, physical)

    def next_value(self, physical: str, start: int, increment: int) -> int:
        """What the sequence gives next."""
        with self._root.cursor() as cursor:
            row = cursor.execute(
                "SELECT last_value FROM duckdb_sequences() WHERE database_name = ? AND sequence_name = ?",
                [ROWS, physical],
            ).fetchone()
            return start if row is None or row[0] is None else int(row[0]) + increment

    def copy_sequence(self, source: str, physical: str, start: int, increment: int) -> None:
        """`physical` goes on where `source` is."""
        with self._root.cursor() as cursor:
            following = self.next_value(source, start, increment)
            cursor.execute(f'CREATE SEQUENCE {ROWS}.main."{physical}" START {following} INCREMENT {increment}')

    def stage(self, physical: str) -> None:
        """Fakesnow's loader knows the stage of that anonymous name."""
        with self._root.cursor() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO _fs_global._fs_information_schema._fs_stages "
                "(name, database_name, schema_name, url, type) VALUES (?, ?, 'main', '', 'INTERNAL')",
                [physical, ROWS],
            )

    def run(self, sql: str) -> list[tuple[object, ...]]:
        """The statement is done and committed, on a connection of its own."""
        with self._root.cursor() as cursor:
            cursor.execute(f"USE {ROWS}.main")
            rows: list[tuple[object, ...]] = cursor.execute(sql).fetchall()
            return rows

    def names(self) -> set[str]:
        """Every anonymous table and sequence there is."""
        rows = self._root.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' "
            "UNION ALL SELECT sequence_name FROM duckdb_sequences() WHERE database_name = ? AND schema_name = 'main'",
            [ROWS, ROWS],
        ).fetchall()
        return {name for (name,) in rows}

    def close(self) -> None:
        """The file is checkpointed and closed; files of stages that nothing keeps are gone."""
        self._root.close()
        if self._own:
            self._engine.close()
        else:
            self._engine.detach(*self._attached)
        if self._files is not None:
            self._files.cleanup()


def drop_sql(physical: str) -> str:
    """The statement that drops an anonymous object; its first letter says what it is."""
    if physical.startswith("v"):
        return f'DROP VIEW IF EXISTS {VIEWS}.main."{physical}"'
    kind = "SEQUENCE" if physical.startswith(("q", "_")) else "TABLE"
    return f'DROP {kind} IF EXISTS {ROWS}.main."{physical}"'


def journal(physical: str) -> str:
    """The name of the anonymous table that keeps what came and went in that one (see `snowdome.state.change_log`)."""
    return f"j{physical[1:]}"


def lay_journal(cursor: duckdb.DuckDBPyConnection, physical: str) -> None:
    """The anonymous table has a journal, empty."""
    cursor.execute(
        f'CREATE TABLE {ROWS}.main."{journal(physical)}" AS SELECT NULL::TIMESTAMPTZ AS "~at", 0::BIGINT AS "~turn", '
        f'0::TINYINT AS "~sign", 0::BIGINT AS "~row", * FROM {ROWS}.main."{physical}" LIMIT 0'
    )


def qualified(physical: str) -> str:
    """The anonymous object's full name in DuckDB."""
    return f'{VIEWS if physical.startswith("v") else ROWS}.main."{physical}"'


def copy_rows(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    physical: str,
    *,
    empty: bool = False,
    temporary: bool = False,
) -> None:
    """`physical` has the columns of `source`, with defaults and NOT NULL, a journal, and unless `empty` its rows."""
    found = cursor.execute(
        "SELECT sql, temporary FROM duckdb_tables() WHERE table_name = ? AND database_name IN (?, 'temp')",
        [source, ROWS],
    ).fetchone()
    if found is None:
        raise SqlError(707, "02000", "Time travel data is not available for the table.")
    body = found[0][found[0].index("(") :]
    where, word = ("temp.main", "TEMP TABLE") if temporary else (f"{ROWS}.main", "TABLE")
    cursor.execute(f'CREATE {word} {where}."{physical}" {body}')
    if not empty:
        origin = "temp.main" if found[1] else f"{ROWS}.main"
        cursor.execute(f'INSERT INTO {where}."{physical}" SELECT * FROM {origin}."{source}"')
    if not temporary:
        lay_journal(cursor, physical)
