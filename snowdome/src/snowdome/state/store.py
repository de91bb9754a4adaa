"""The account's records on disk: one SQLite file, written through, so that a killed process loses no statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from snowdome.state.pipelines import EVERY_RECORD
from snowdome.state.records import Record

LAYOUT = 2
"""Which tables the file has and what they mean; the number grows with every change that an older file does not bear."""
_ADAPTERS: dict[str, TypeAdapter[Record]] = {cls.__name__: TypeAdapter(cls) for cls in EVERY_RECORD}


class Store:
    """Every record of the account, readable after a restart."""

    def __init__(self, path: Path | None, origin: Store | None = None) -> None:
        """The file's records, in memory those of the origin, or none."""
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        if origin is not None:
            origin._db.backup(self._db)
        self._check_layout()
        self._db.execute("PRAGMA journal_mode=WAL")
        # a killed process loses nothing by it; a machine that loses its power may lose the last statements
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, kind TEXT, body TEXT)")
        self._db.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)")

    def _check_layout(self) -> None:
        """The file is new, or has the layout of this version; another one is refused, not half-read."""
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        empty = not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if not empty and found != LAYOUT:
            self._db.close()
            raise OSError(
                f"its account.sqlite has layout {found}, this version of snowdome reads {LAYOUT}; "
                "start with an empty folder, or use the version that wrote it"
            )
        self._db.execute(f"PRAGMA user_version = {LAYOUT}")

    def records(self) -> list[Record]:
        """All records, oldest first."""
        rows = self._db.execute("SELECT kind, body FROM records ORDER BY id")
        return [_ADAPTERS[kind].validate_json(body) for kind, body in rows]

    def prepare(self, layout: Iterable[str]) -> None:
        """The tables of another part of the account are there: of one that writes with `Change.also`."""
        for statement in layout:
            self._db.execute(statement)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the file answers."""
        return self._db.execute(sql, values).fetchall()

    def fact(self, name: str) -> str | None:
        """A single remembered value."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def write(
        self,
        records: Iterable[Record],
        erased: Iterable[int],
        facts: Iterable[tuple[str, str]],
        more: Iterable[tuple[str, Sequence[Any]]] = (),
    ) -> None:
        """All of it is on disk, or, where this raises, none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
                [(r.id, type(r).__name__, _ADAPTERS[type(r).__name__].dump_json(r).decode()) for r in records],
            )
            self._db.executemany("DELETE FROM records WHERE id = ?", [(i,) for i in erased])
            self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts))
            for sql, values in more:
                self._db.execute(sql, values)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """The file is closed."""
        self._db.close()
