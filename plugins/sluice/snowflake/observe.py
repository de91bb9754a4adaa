"""What is in the account about one database: a constant number of look-ups, rows turned into values at this edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.domain.names import Identifier, Marker, dotted
from sluice.domain.promotion.database_rights import Right
from sluice.domain.promotion.inventory import Relation
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import MissingError


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


def object_kinds(session: Session, database: Identifier, kinds: Iterable[str]) -> dict[str, list[str]]:
    """Return, for each kind asked for that is there, the objects of that kind."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        names = [_located(row) for row in session.run(show.objects_of_kind(kind, database))]
        if names:
            found[kind] = names
    return found


def rights(session: Session, database: Identifier, roles: Iterable[str] | None = None) -> list[Right]:
    """Return what roles hold on the database and in it: one look-up, and one more for each role that may enter it.

    `roles` names whose rights inside the database are read; nothing: of every role that holds one on the database. Of a
    role that the session may not know of, those on the database itself are all that can be read.
    """
    on_it = session.run(show.grants_on_database(database))
    found = {_right(row) for row in on_it if _to_a_role(row)}
    entering = sorted({right.grantee for right in found}) if roles is None else sorted(roles)
    for role in entering:
        for row in _held(session, role):
            if str(row["granted_on"]).upper() not in {"ACCOUNT", "ROLE", "USER", "WAREHOUSE", "INTEGRATION"}:
                path = row_parsing.qualified(str(row["name"]))
                if path.database == database:
                    found.add(_right({**row, "grantee_name": role}))
    return sorted(found)


def future_rights(session: Session, database: Identifier) -> list[Right]:
    """Return what roles will hold on objects to come in the database."""
    return sorted(
        Right(
            grantee=row_parsing.named(row, "grantee_name").name,
            privilege=str(row["privilege"]),
            kind=str(row["grant_on"]).upper().replace(" ", "_"),
            name="<FUTURE>",
            grant_option=row_parsing.truth(row, "grant_option"),
        )
        for row in session.run(show.future_grants_in(database))
    )


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


def _located(row: Row) -> str:
    return dotted(str(row["schema_name"]), str(row["name"]))


def _kind(shown: str) -> str:
    return {"BASE TABLE": "TABLE"}.get(shown, shown)


def _type(row: Row) -> str:
    kind = str(row["data_type"])
    if kind == "NUMBER" and row.get("numeric_precision") is not None:
        return f"NUMBER({int(row['numeric_precision'])},{int(row.get('numeric_scale') or 0)})"
    return kind


def _held(session: Session, role: str) -> list[Row]:
    try:
        return session.run(show.grants_to(Identifier.from_account(role)))
    except MissingError:
        return []


def _to_a_role(row: Row) -> bool:
    return str(row["granted_to"]).upper() == "ROLE"


def _right(row: Row) -> Right:
    path = row_parsing.qualified(str(row["name"]))
    kind = str(row["granted_on"]).upper().replace(" ", "_")
    return Right(
        grantee=row_parsing.named(row, "grantee_name").name,
        privilege=str(row["privilege"]),
        kind=kind,
        name="" if kind == "DATABASE" else dotted(*path.parts[1:]),
        grant_option=row_parsing.truth(row, "grant_option"),
    )
