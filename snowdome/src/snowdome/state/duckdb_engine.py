"""DuckDB itself: for one account, for those that take its place in the same server, and for their snapshots.

Each account has databases of fixed names in it (`rows`, `views`, `usage`); a snapshot has copies of them beside these.
To copy a database in memory takes milliseconds, to start DuckDB and its macros takes many times as long.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import duckdb
from fakesnow import info_schema
from fakesnow.transforms import show


class Engine:
    """A DuckDB in memory, and the databases that are attached to it."""

    def __init__(self) -> None:
        self._root = duckdb.connect(":memory:", config={"lambda_syntax": "ENABLE_SINGLE_ARROW"})
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        # what fakesnow's own statements and macros expect to find
        self._root.execute("ATTACH ':memory:' AS _fs_global")
        self._root.execute(info_schema.fs_global_creation_sql())
        self._root.execute(show.fs_global_creation_sql())
        self._numbers = itertools.count(1)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own."""
        return self._root.cursor()

    def attach(self, name: str, file: str = ":memory:", origin: str | None = None) -> None:
        """There is a database of that name, as the origin is if there is one."""
        with self._root.cursor() as cursor:
            cursor.execute(f"ATTACH '{file}' AS {name}")
            if origin is not None:
                cursor.execute(f"COPY FROM DATABASE {origin} TO {name}")

    def copied(self, name: str) -> str:
        """Return the name of a copy, in memory, of what is committed in the database."""
        copy = f"saved_{next(self._numbers)}"
        self.attach(copy, origin=name)
        return copy

    def detach(self, *names: str) -> None:
        """Databases of those names are no longer there; who still reads one goes on with what it has."""
        with self._root.cursor() as cursor:
            for name in names:
                cursor.execute(f"DETACH DATABASE IF EXISTS {name}")

    def close(self) -> None:
        """The files are checkpointed and closed."""
        self._root.close()


@dataclass(frozen=True, slots=True)
class SavedRows:
    """Copies of an account's databases, by the names they had, and of its stages' files."""

    engine: Engine
    databases: dict[str, str]
    files: TemporaryDirectory[str]

    def discard(self) -> None:
        """The copies are gone."""
        self.engine.detach(*self.databases.values())
        self.files.cleanup()
