"""The account's records on disk: one SQLite file, written through, so that a killed process loses no statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from snowdome.records import RECORDS, Record

_ADAPTERS: dict[str, TypeAdapter[Record]] = {cls.__name__: TypeAdapter(cls) for cls in RECORDS}


class Store:
    """Every record of the account, readable after a restart."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, kind TEXT, body TEXT)")
        self._db.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)")

    def records(self) -> list[Record]:
        """All records, oldest first."""
        rows = self._db.execute("SELECT kind, body FROM records ORDER BY id")
        return [_ADAPTERS[kind].validate_json(body) for kind, body in rows]

    def fact(self, name: str) -> str | None:
        """A single remembered value."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def write(self, records: Iterable[Record], erased: Iterable[int], facts: Iterable[tuple[str, str]]) -> None:
        """All of it is on disk, or, where this raises, none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
                [(r.id, type(r).__name__, _ADAPTERS[type(r).__name__].dump_json(r).decode()) for r in records],
            )
            self._db.executemany("DELETE FROM records WHERE id = ?", [(i,) for i in erased])
            self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """The file is closed."""
        self._db.close()
