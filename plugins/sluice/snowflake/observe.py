"""What is in the account about one database: a constant number of look-ups, rows turned into values at this edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.domain.names import Identifier, Marker, dotted
from sluice.domain.promotion.inventory import Relation
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session


@dataclass(frozen=True, slots=True)
class FoundDatabase:
    """A database as SHOW DATABASES tells of it."""

    name: Identifier
    marker: Marker | None
    owner: str | None
    created_on: datetime | None
    retention_days: int
    transient: bool


def now(session: Session) -> datetime:
    """Return the account's own time; needs no warehouse."""
    return session.one(show.now())["now"].astimezone(UTC)  # type: ignore[no-any-return]  # the connector is untyped


def databases(session: Session, prefix: str = "") -> list[FoundDatabase]:
    """Return the databases whose name begins with `prefix`, each with its marker if it is ours."""
    shown = [_database(row) for row in session.run(show.databases())]
    return [database for database in shown if database.name.name.startswith(prefix)]


def markers(session: Session, prefix: str = "") -> dict[str, Marker | None]:
    """Return the marker of each database by name; None where a database is not ours."""
    return {database.name.name: database.marker for database in databases(session, prefix)}


def inventory(session: Session, database: Identifier) -> dict[str, Relation]:
    """Return every relation of a database as `SCHEMA.NAME`, in two statements whatever their number."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for row in session.run(show.columns(database)):
        columns.setdefault(_path(row), []).append((str(row["column_name"]), _type(row)))
    return {
        _path(row): Relation(
            kind=_kind(str(row["table_type"])),
            rows=None if row["row_count"] is None else int(row["row_count"]),
            altered=str(row["last_altered"]),
            columns=tuple(columns.get(_path(row), ())),
        )
        for row in session.run(show.relations(database))
    }


def transient_tables(session: Session, database: Identifier) -> set[str]:
    """Return the transient tables of a database as `SCHEMA.NAME`."""
    found = session.run(show.tables(database))
    return {
        dotted(row_parsing.name(row, "schema_name"), row_parsing.name(row))
        for row in found
        if str(row["kind"]).upper() == "TRANSIENT"
    }


def view_texts(session: Session, database: Identifier) -> dict[str, str]:
    """Return the text of every view as `SCHEMA.NAME`."""
    return {_path(row): str(row["view_definition"] or "") for row in session.run(show.view_texts(database))}


def _database(row: Row) -> FoundDatabase:
    created = row.get("created_on")
    return FoundDatabase(
        name=row_parsing.name(row),
        marker=Marker.parse(row_parsing.text(row, "comment")),
        owner=row_parsing.text(row, "owner"),
        created_on=created if isinstance(created, datetime) else None,
        retention_days=row_parsing.number(row, "retention_time"),
        transient="TRANSIENT" in str(row.get("options") or "").upper(),
    )


def _path(row: Row) -> str:
    return dotted(str(row["table_schema"]), str(row["table_name"]))


def _kind(shown: str) -> str:
    return {"BASE TABLE": "TABLE"}.get(shown, shown)


def _type(row: Row) -> str:
    kind = str(row["data_type"])
    if kind == "NUMBER" and row.get("numeric_precision") is not None:
        return f"NUMBER({int(row['numeric_precision'])},{int(row.get('numeric_scale') or 0)})"
    return kind
