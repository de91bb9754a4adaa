"""Rows into tables: through a compressed file, the table's own stage and COPY INTO, as Snowflake likes it."""

from __future__ import annotations

import csv
import gzip
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sluice.domain.names import Identifier, Qualified
from sluice.errors import SpecError
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement

_TYPES = ("VARCHAR", "NUMBER(", "FLOAT", "BOOLEAN", "DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")
_FORMAT = "(TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE_UNENCLOSED_FIELD = NONE)"

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table that is loaded."""

    name: Identifier
    type: str

    @classmethod
    def of(cls, name: str, type_: str) -> Column:
        """Return the column, its name checked and its type one of those that can be loaded."""
        if not type_.startswith(_TYPES) or set(type_) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_(),0123456789"):
            raise SpecError("this type cannot be loaded", where=f"column {name}", value=type_, good="NUMBER(12,2)")
        return cls(Identifier.parse(name, "column"), type_)


@dataclass(frozen=True, slots=True)
class Target:
    """The table that rows go into."""

    table: Qualified
    columns: tuple[Column, ...]
    key: tuple[Identifier, ...]

    @property
    def beside(self) -> Target:
        """The session's own table of the same columns, from which rows are merged."""
        database, schema, name = self.table.parts
        return Target(Qualified(database, schema, Identifier(f"{name.name}__ARRIVED")), self.columns, self.key)


def ensure_schema(session: Session, database: str, schema: str, comment: str) -> None:
    """Create the database and the schema unless they exist."""
    found = Qualified.of(database), Qualified.of(database, schema)
    session.run(Statement(f"CREATE DATABASE IF NOT EXISTS {found[0].sql} COMMENT = {_text(comment)}"))
    session.run(Statement(f"CREATE SCHEMA IF NOT EXISTS {found[1].sql}"))


def let_read(session: Session, database: str, schema: str, role: str) -> None:
    """Grant the role SELECT on every table of the schema, also on future ones."""
    reader, where = Identifier.parse(role, "role").sql, Qualified.of(database, schema)
    for sql in (
        f"GRANT USAGE ON DATABASE {where.database.sql} TO ROLE {reader}",
        f"GRANT USAGE ON SCHEMA {where.sql} TO ROLE {reader}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {where.sql} TO ROLE {reader}",
        f"GRANT SELECT ON FUTURE TABLES IN SCHEMA {where.sql} TO ROLE {reader}",
    ):
        session.run(Statement(sql))


def replace_rows(session: Session, target: Target, rows: Iterable[Row]) -> int:
    """Replace the table's rows atomically; return how many."""
    session.run(_create(target, "CREATE TABLE IF NOT EXISTS"))
    with _uploaded(session, target, rows) as (stage, count), _transaction(session):
        session.run(Statement(f"DELETE FROM {target.table.sql}"))
        session.run(_copy(target, stage))
    return count


def merge_rows(session: Session, target: Target, rows: Iterable[Row]) -> int:
    """Merge rows by key atomically; return how many."""
    arrived = target.beside
    session.run(_create(arrived, "CREATE OR REPLACE TEMPORARY TABLE"))
    with _uploaded(session, arrived, rows) as (stage, count):
        session.run(_copy(arrived, stage))
    session.run(_merge(target, arrived))
    session.run(Statement(f"DROP TABLE IF EXISTS {arrived.table.sql}"))
    return count


def largest(session: Session, table: Qualified, column: str) -> object:
    """Return the largest value of a column, or None: the table is empty."""
    name = Identifier.parse(column, "column").sql
    return session.run(Statement(f"SELECT MAX({name}) AS FOUND FROM {table.sql}"))[0]["found"]


def count_rows(session: Session, table: Qualified) -> int:
    """Return how many rows the table has."""
    return int(session.run(Statement(f"SELECT COUNT(*) AS FOUND FROM {table.sql}"))[0]["found"])


def first_rows(session: Session, table: Qualified, columns: Sequence[str], limit: int) -> list[tuple[object, ...]]:
    """Return the first rows by the first of the columns: the same ones for as long as the table stays."""
    names = [Identifier.parse(column, "column") for column in columns]
    wanted = ", ".join(name.sql for name in names)
    found = session.run(Statement(f"SELECT {wanted} FROM {table.sql} ORDER BY {names[0].sql} LIMIT {int(limit)}"))
    return [tuple(row[name.name.lower()] for name in names) for row in found]


def _create(target: Target, verb: str) -> Statement:
    columns = ", ".join(f"{column.name.sql} {column.type}" for column in target.columns)
    return Statement(f"{verb} {target.table.sql} ({columns})")


@contextmanager
def _uploaded(session: Session, target: Target, rows: Iterable[Row]) -> Iterator[tuple[str, int]]:
    """The rows lie as one file on the table's stage, for one COPY INTO, which purges it."""
    # a table's stage takes no quotes before the per cent sign on the laptop's account; the names were checked as plain
    database, schema, name = target.table.parts
    stage = f"@{database.name}.{schema.name}.%{name.name}/load_{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="sluice-load-") as folder:
        file = Path(folder) / "rows.csv.gz"
        count = write_file(file, rows)
        session.run(Statement(f"PUT {_text(file.as_uri())} {stage} AUTO_COMPRESS = FALSE OVERWRITE = TRUE"))
    yield f"{stage}/rows.csv.gz", count


def write_file(file: Path, rows: Iterable[Row]) -> int:
    """The rows are in a compressed CSV file, None as an empty field; returns how many."""
    count = 0
    with gzip.open(file, "wt", compresslevel=1, encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        for row in rows:
            writer.writerow([_field(value) for value in row])
            count += 1
    return count


def _field(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")  # one kind of line end: readers guess it from the file
    return value.isoformat() if isinstance(value, date) else value


def _copy(target: Target, stage: str) -> Statement:
    columns = ", ".join(column.name.sql for column in target.columns)
    return Statement(f"COPY INTO {target.table.sql} ({columns}) FROM {stage} FILE_FORMAT = {_FORMAT} PURGE = TRUE")


def _merge(target: Target, arrived: Target) -> Statement:
    match = " AND ".join(f"t.{name.sql} = a.{name.sql}" for name in target.key)
    names = [column.name for column in target.columns]
    sets = ", ".join(f"{name.sql} = a.{name.sql}" for name in names if name not in target.key)
    columns = ", ".join(name.sql for name in names)
    values = ", ".join(f"a.{name.sql}" for name in names)
    return Statement(
        f"MERGE INTO {target.table.sql} AS t USING {arrived.table.sql} AS a ON {match} "
        f"WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
    )


@contextmanager
def _transaction(session: Session) -> Iterator[None]:
    session.run(Statement("BEGIN"))
    try:
        yield
    except BaseException:
        session.run(Statement("ROLLBACK"))
        raise
    session.run(Statement("COMMIT"))


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
