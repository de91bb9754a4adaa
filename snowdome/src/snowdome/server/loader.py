"""`POST /snowdome/history`: loads a history into the account, for demos and benchmarks; marked as loaded.

What is loaded appears in the views as if the account had lived it: with the views' latency, by the account's clock. No
view shows the mark, as Snowflake's have no column for it; `GET /snowdome/history` counts loaded rows and the account's
own, view by view, and lists the loads; `DELETE /snowdome/history` takes every loaded row away.

Three forms, for one view at a time:

* JSON, for some rows: `{"view": "WAREHOUSE_METERING_HISTORY", "rows": [{"START_TIME": "2026-01-01T00:00:00Z", …}, …]}`
* JSON, for a file of this machine: `{"view": …, "file": "/path/history.parquet"}` (`.parquet` or `.csv`, with a header)
* the file itself as the body, `POST /snowdome/history?view=…`, with Content-Type `application/vnd.apache.parquet` or
  `text/csv`

Columns have the view's names (any case) and Snowflake's types: a number for NUMBER and FLOAT, a timestamp (UTC unless
it says) for TIMESTAMP_LTZ, a date, a truth, a text, JSON text for ARRAY, OBJECT and VARIANT. Each history names the
columns it needs; the others may be left out. A column the view does not have, one that is missing or empty, and a value
that does not convert are refused by name, and then nothing is loaded. Histories of hours hold whole UTC hours.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from pydantic import BaseModel, ConfigDict, model_validator

from snowdome.state.records import Warehouse
from snowdome.usage.columns import DUCK, HISTORIES, SHAPES, TYPES, Shape
from snowdome.usage.store import LOADED, USAGE

if TYPE_CHECKING:
    from snowdome.account import Account

BY_NAME = {shape.name: shape for shape in HISTORIES}
DERIVED = {shape.name for shape in SHAPES} - set(BY_NAME)
READ = {"application/vnd.apache.parquet": ".parquet", "text/csv": ".csv"}
HOURLY = frozenset({"WAREHOUSE_METERING_HISTORY", "METERING_HISTORY"})


class RefusedLoadError(ValueError):
    """What was wrong with a history, in words for the one who sent it."""


class Load(BaseModel):
    """A history in JSON: rows, or a file of this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: str
    rows: list[dict[str, Any]] | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Load:
        if (self.rows is None) == (self.file is None):
            raise ValueError("give either rows or a file")
        return self


def load(account: Account, request: Load) -> dict[str, Any]:
    """The rows are in the account, marked as loaded; the answer says how many, and of which time."""
    shape = shape_of(request.view)
    if request.file is not None:
        return load_file(account, shape, request.file)
    with _written(request.rows or []) as file:
        return load_file(account, shape, file, source="rows")


def load_body(account: Account, view: str, content_type: str, body: bytes) -> dict[str, Any]:
    """The file that is the body is in the account, marked as loaded."""
    shape = shape_of(view)
    suffix = READ.get(content_type.partition(";")[0].strip().lower())
    if suffix is None:
        raise RefusedLoadError(
            f"Content-Type {content_type or 'none'}: send application/json or one of {', '.join(READ)}"
        )
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(body)
        file.flush()
        return load_file(account, shape, Path(file.name), source="body")


def shape_of(view: str) -> Shape:
    """The history of that name."""
    name = view.rpartition(".")[2].upper()
    if name in BY_NAME:
        return BY_NAME[name]
    if name in DERIVED:
        raise RefusedLoadError(f"{name} is made from other histories and from the account's objects: load those")
    raise RefusedLoadError(f"there is no history {view}; there are {', '.join(sorted(BY_NAME))}")


@contextmanager
def _written(rows: list[dict[str, Any]]) -> Iterator[Path]:
    """The rows as a file of JSON lines, for as long as it is needed."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number, row in enumerate(rows, start=1):
            if not row:
                raise RefusedLoadError(f"row {number} is empty")
            plain = {k.upper(): json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}
            if len(plain) < len(row):
                raise RefusedLoadError(f"row {number} has a column twice, in capitals and in small letters")
            file.write(json.dumps(plain) + "\n")
        file.flush()
        yield Path(file.name)


def load_file(account: Account, shape: Shape, file: Path, source: str | None = None) -> dict[str, Any]:
    """The file's rows are in the account, all of them or none."""
    if not file.is_file():
        raise RefusedLoadError(f"there is no file {file}")
    account.usage.history.flush()
    with account.duck.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        try:
            names = _columns(cursor, shape, file)
            _stage(cursor, account, shape, file, names)
            _check(cursor, shape)
            return _keep(cursor, account, shape, source or str(file))
        except duckdb.Error as problem:
            raise RefusedLoadError(f"{shape.name}: {_words(problem)}") from None
        finally:
            cursor.execute("DROP TABLE IF EXISTS temp.main.coming")
            cursor.execute("DROP VIEW IF EXISTS temp.main.sent")


def _words(problem: duckdb.Error) -> str:
    """DuckDB's complaint, without the advice that it adds about its own reader."""
    said = [line.strip() for line in str(problem).split("\n")]
    if "CSV Error" in said[0]:
        said = [line for line in said if "CSV Error" in line or line.startswith("Error when converting")]
        return "; ".join(said).partition(": ")[2]
    return said[0].partition(": ")[2] or said[0]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _columns(cursor: duckdb.DuckDBPyConnection, shape: Shape, file: Path) -> dict[str, str]:
    """The file's columns by the view's names; those that are unknown, double or missing are refused."""
    path = str(file).replace("'", "''")
    reader = {
        ".parquet": f"read_parquet('{path}')",
        ".csv": f"read_csv('{path}', header = true, all_varchar = true)",
        ".jsonl": f"read_json('{path}', format = 'newline_delimited', maximum_depth = 1, sample_size = -1)",
    }.get(file.suffix.lower())
    if reader is None:
        raise RefusedLoadError(f"{file.name}: only .parquet and .csv are read")
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW sent AS SELECT * FROM {reader}")
    found: dict[str, str] = {}
    for name, *_ in cursor.execute("DESCRIBE sent").fetchall():
        upper = str(name).upper()
        if upper not in shape.columns:
            raise RefusedLoadError(f"{shape.name} has no column {name}; it has {', '.join(shape.columns)}")
        found[upper] = str(name)
    typed = _typed(shape, file, path, found)
    if typed is not None:
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW sent AS SELECT * FROM {typed}")
    missing = [name for name in shape.required if name not in found]
    if missing:
        raise RefusedLoadError(f"{shape.name} needs the column {', '.join(missing)}")
    return found


def _typed(shape: Shape, file: Path, path: str, found: Mapping[str, str]) -> str | None:
    """How a file without types of its own is read: CSV as what the view wants, JSON as texts, converted afterwards."""
    if file.suffix.lower() == ".csv":
        types = ", ".join(f"{_literal(given)}: '{DUCK[shape.columns[name]]}'" for name, given in found.items())
        return f"read_csv('{path}', header = true, types = {{{types}}})"
    if file.suffix.lower() == ".jsonl":
        types = ", ".join(f"{_literal(given)}: 'VARCHAR'" for given in found.values())
        return f"read_json('{path}', format = 'newline_delimited', columns = {{{types}}})"
    return None


def _stage(
    cursor: duckdb.DuckDBPyConnection, account: Account, shape: Shape, file: Path, names: Mapping[str, str]
) -> None:
    """The rows are in a table of this load, each column of the view's type."""
    kinds = {str(n).upper(): str(k) for n, k, *_ in cursor.execute("DESCRIBE sent").fetchall()}
    for name in names:
        _fits(shape, name, kinds[name], text=file.suffix.lower() != ".parquet")
    quoted = {name: '"' + given.replace('"', '""') + '"' for name, given in names.items()}
    for name, given in quoted.items():
        bad = _unfit(cursor, given, DUCK[shape.columns[name]]) if kinds[name] == "VARCHAR" else []
        if bad:
            raise RefusedLoadError(f"{shape.name}: column {name} takes {TYPES[shape.columns[name]]}, not {bad[0][0]!r}")
    casts = ", ".join(f'CAST({given} AS {DUCK[shape.columns[name]]}) AS "{name}"' for name, given in quoted.items())
    cursor.execute(f"CREATE TEMP TABLE coming AS SELECT *{_filled(shape, names)} FROM (SELECT {casts} FROM sent)")
    if "WAREHOUSE_NAME" in names and "WAREHOUSE_ID" in shape.columns:
        _identify(cursor, account, given="WAREHOUSE_ID" in names)


def _unfit(cursor: duckdb.DuckDBPyConnection, given: str, kind: str) -> list[tuple[Any, ...]]:
    """A text of the column that does not convert to the type, if there is one."""
    if kind == "VARCHAR":
        return []
    query = f"SELECT {given} FROM sent WHERE {given} IS NOT NULL AND TRY_CAST({given} AS {kind}) IS NULL LIMIT 1"
    found: list[tuple[Any, ...]] = cursor.execute(query).fetchall()
    return found


def _fits(shape: Shape, name: str, kind: str, *, text: bool) -> None:
    """A file that has types has the right ones; text is converted, value by value."""
    wanted = shape.columns[name]
    numbers = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
    allowed: tuple[str, ...] = {
        "number": numbers,
        "time": ("TIMESTAMP", "DATE"),
        "date": ("DATE", "TIMESTAMP"),
        "bool": ("BOOLEAN",),
        "text": ("VARCHAR", "UUID"),
    }.get(wanted, (*numbers, "DOUBLE", "FLOAT", "DECIMAL"))
    if wanted in ("array", "object", "variant"):
        allowed = ("VARCHAR", "JSON")
    if wanted == "text" and text:
        return  # a CSV or JSON reader may take a text such as 0012 for a number
    if text:
        allowed += ("VARCHAR",)
    if not kind.startswith(allowed) and kind not in ('"NULL"', "JSON"):
        raise RefusedLoadError(f"{shape.name}: column {name} takes {TYPES[wanted]}, and the file has {kind}")


def _filled(shape: Shape, names: Mapping[str, str]) -> str:
    """Columns that follow from others, where they were left out."""
    found = ""
    if "CREDITS_USED" in shape.columns and "CREDITS_USED" not in names:
        services = "CREDITS_USED_CLOUD_SERVICES" if "CREDITS_USED_CLOUD_SERVICES" in names else "0"
        found += f", CREDITS_USED_COMPUTE + coalesce({services}, 0) AS CREDITS_USED"
    if shape.name in HOURLY and "CREDITS_USED_CLOUD_SERVICES" not in names:
        found += ", 0 AS CREDITS_USED_CLOUD_SERVICES"
    if shape.name == "QUERY_HISTORY":
        if "TOTAL_ELAPSED_TIME" not in names:
            found += ", CAST(round(epoch_ms(END_TIME) - epoch_ms(START_TIME)) AS BIGINT) AS TOTAL_ELAPSED_TIME"
        if "EXECUTION_TIME" not in names:
            found += ", CAST(round(epoch_ms(END_TIME) - epoch_ms(START_TIME)) AS BIGINT) AS EXECUTION_TIME"
    return found


def _identify(cursor: duckdb.DuckDBPyConnection, account: Account, *, given: bool) -> None:
    """Warehouses that are named and have no id have the id of the account's warehouse of that name, if there is one."""
    if not given:
        cursor.execute("ALTER TABLE coming ADD COLUMN WAREHOUSE_ID BIGINT")
    with account.catalog.lock:
        known = [(w.name, w.id) for w in account.catalog.all(Warehouse)]
    if not known:
        return
    values = ", ".join("(?, ?)" for _ in known)
    cursor.execute(
        f"UPDATE coming SET WAREHOUSE_ID = k.id FROM (VALUES {values}) k(name, id) "
        "WHERE coming.WAREHOUSE_ID IS NULL AND coming.WAREHOUSE_NAME = k.name",
        [value for pair in known for value in pair],
    )


_CHECKS = {
    "hours": "START_TIME <> date_trunc('hour', START_TIME) OR END_TIME <> START_TIME + INTERVAL 1 HOUR",
    "order": "END_TIME < START_TIME",
}


def _check(cursor: duckdb.DuckDBPyConnection, shape: Shape) -> None:
    """No row lacks what each row must have, and times and credits make sense."""
    for name in shape.required:
        if cursor.execute(f'SELECT 1 FROM coming WHERE "{name}" IS NULL LIMIT 1').fetchall():
            raise RefusedLoadError(f"{shape.name}: column {name} is empty in some row")
    if {"START_TIME", "END_TIME"} <= set(shape.columns):
        kind = "hours" if shape.name in HOURLY else "order"
        bad = cursor.execute(f"SELECT START_TIME, END_TIME FROM coming WHERE {_CHECKS[kind]} LIMIT 1").fetchall()
        if bad:
            word = "is not one whole hour" if kind == "hours" else "ends before it starts"
            raise RefusedLoadError(f"{shape.name}: START_TIME {bad[0][0]} to END_TIME {bad[0][1]} {word}")
    present = [n for n, *_ in cursor.execute("DESCRIBE coming").fetchall()]
    for name in (n for n in present if n.startswith("CREDITS_") or n in ("EFFECTIVE_RATE", "AVERAGE_DATABASE_BYTES")):
        if cursor.execute(f'SELECT 1 FROM coming WHERE "{name}" < 0 LIMIT 1').fetchall():
            raise RefusedLoadError(f"{shape.name}: column {name} is negative in some row")


def _keep(cursor: duckdb.DuckDBPyConnection, account: Account, shape: Shape, source: str) -> dict[str, Any]:
    count, first, last = cursor.execute(
        f"SELECT count(*), min({shape.when}), max({shape.when}) FROM coming"
    ).fetchall()[0]
    cursor.begin()
    cursor.execute(f"INSERT INTO {USAGE}.main.{shape.kept} BY NAME SELECT *, true AS {LOADED} FROM coming")
    cursor.execute(
        f"INSERT INTO {USAGE}.main.loads VALUES (?, ?, ?, ?, ?, ?, ?)",
        [time.time_ns(), shape.name, source, count, account.clock.now(), first, last],
    )
    cursor.commit()
    return {"view": shape.name, "rows": count, "first": _iso(first), "last": _iso(last)}


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


def listing(account: Account) -> dict[str, Any]:
    """How many rows each history has, loaded ones apart, and what was loaded when."""
    history = account.usage.history
    history.flush()
    views = {}
    for shape in HISTORIES:
        own, loaded = history.execute(
            f"SELECT count(*) FILTER (NOT {LOADED}), count(*) FILTER ({LOADED}) FROM {USAGE}.main.{shape.kept}"
        )[0]
        views[shape.name] = {"own": own, "loaded": loaded}
    rows = history.execute(
        f"SELECT view, source, row_count, loaded_on, first, last FROM {USAGE}.main.loads ORDER BY id"
    )
    loads = [
        {"view": view, "source": source, "rows": count, "loaded_on": _iso(on), "first": _iso(first), "last": _iso(last)}
        for view, source, count, on, first, last in rows
    ]
    return {"views": views, "loads": loads}


def unload(account: Account) -> dict[str, Any]:
    """No loaded row is left."""
    for shape in HISTORIES:
        account.usage.history.execute(f"DELETE FROM {USAGE}.main.{shape.kept} WHERE {LOADED}")
    account.usage.history.execute(f"DELETE FROM {USAGE}.main.loads")
    return listing(account)
