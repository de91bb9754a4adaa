"""The histories on disk: rows by the million, in a DuckDB file of their own, written after the answers.

A row waits in memory for at most two seconds before it is on disk (or until somebody reads, or the account is closed);
a killed server loses no statement's effect, at worst the last two seconds of its usage records. Snowflake itself
shows these rows no sooner than 45 minutes later.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from snowdome.usage.columns import HISTORIES, KEPT, QUERY_HISTORY, Shape
from snowdome.usage.query_history import HASHED

if TYPE_CHECKING:
    from snowdome.state.duckdb_engine import SavedRows
    from snowdome.state.duckdb_rows import Duck

log = logging.getLogger("snowdome")
USAGE = "usage"
LOADED = "LOADED"
"""The column, shown by no view, that marks a row as put in by the loader."""
WAIT_SECONDS = 2.0
EXTRA: dict[str, list[str]] = {
    "storage_samples": ["table_id BIGINT", "physical VARCHAR", "measured TIMESTAMPTZ", "bytes BIGINT"],
    "loads": [
        "id BIGINT", "view VARCHAR", "source VARCHAR", "row_count BIGINT", "loaded_on TIMESTAMPTZ",
        "first TIMESTAMPTZ", "last TIMESTAMPTZ",
    ],
}  # fmt: skip
"""What is kept beside the views' rows."""
ARROW = {
    "text": pa.string(),
    "number": pa.int64(),
    "float": pa.float64(),
    "credits": pa.float64(),
    "rate": pa.float64(),
    "usage": pa.float64(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "bool": pa.bool_(),
    "array": pa.string(),
    "object": pa.string(),
    "variant": pa.string(),
}


class History:
    """The usage database, and the rows on their way into it."""

    def __init__(
        self, duck: Duck, folder: Path | None, gather: Callable[[], None], origin: SavedRows | None = None
    ) -> None:
        """`gather` is called before rows are written, and adds those that are not yet added."""
        self._duck = duck
        self._gather = gather
        self._waiting: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._something = threading.Event()
        self._closed = threading.Event()
        file = str(folder / "usage.duckdb").replace("'", "''") if folder else ":memory:"
        duck.attach(USAGE, file, origin.databases[USAGE] if origin else None)
        if origin is None:
            self._lay()
        self._cursor = duck.cursor()
        threading.Thread(target=self._behind, name="usage-history", daemon=True).start()

    def _lay(self) -> None:
        wanted: dict[str, list[str]] = {shape.kept: _body(shape) for shape in HISTORIES} | EXTRA
        for name, body in wanted.items():
            self._duck.run(f"CREATE TABLE IF NOT EXISTS {USAGE}.main.{name} ({', '.join(body)})")
        found = self._duck.run(
            f"SELECT table_name, count(*) FROM duckdb_columns() WHERE database_name = '{USAGE}' GROUP BY ALL"
        )
        for table, count in found:
            if count != len(wanted.get(str(table), ())):
                raise OSError("its usage.duckdb was written by another version of snowdome; use a fresh folder")

    # -- writing ------------------------------------------------------------------------------------------------
    def add(self, shape: Shape, row: dict[str, Any]) -> None:
        """The row will be kept, soon."""
        with self._lock:
            self._waiting[shape.name].append(row)
        self.announce()

    def announce(self) -> None:
        """There is something to gather and write."""
        if not self._something.is_set():
            self._something.set()

    def flush(self) -> None:
        """Every row that was added is kept."""
        with self._writing:
            self._gather()
            with self._lock:
                waiting, self._waiting = self._waiting, defaultdict(list)
                self._something.clear()
            for shape in HISTORIES:
                if waiting.get(shape.name):
                    self._write(shape, waiting[shape.name])

    def _write(self, shape: Shape, rows: list[dict[str, Any]]) -> None:
        names = [name for name in shape.columns if name in rows[0]]
        arrays = [pa.array([row.get(name) for row in rows], type=ARROW[shape.columns[name]]) for name in names]
        self._cursor.register("batch", pa.Table.from_arrays(arrays, names=names))
        source = f"({HASHED})" if shape is QUERY_HISTORY else "batch"
        self._cursor.execute(f"INSERT INTO {USAGE}.main.{shape.kept} BY NAME SELECT *, false AS {LOADED} FROM {source}")
        self._cursor.unregister("batch")

    def execute(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """The statement has been done in the usage database."""
        with self._writing:
            found: list[tuple[Any, ...]] = self._cursor.execute(sql, parameters or []).fetchall()
            return found

    def _behind(self) -> None:
        while not self._closed.is_set():
            self._something.wait()
            self._closed.wait(WAIT_SECONDS)
            try:
                self.flush()
            except Exception:
                if not self._closed.is_set():
                    log.exception("usage history was not written")

    def close(self) -> None:
        """Every row is on disk, and nothing is written any more."""
        self.flush()
        self._closed.set()
        self._something.set()
        self._cursor.close()


def _body(shape: Shape) -> list[str]:
    return [*(f'"{name}" {KEPT[kind]}' for name, kind in shape.columns.items()), f"{LOADED} BOOLEAN"]
