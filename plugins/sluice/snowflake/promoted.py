"""Databases that are promoted: what is read from them, and the few statements that change them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sluice.domain.access import Right
from sluice.domain.inventory import Relation
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.sizes import Size
from sluice.errors import StopError
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.statements import Statement

_ALONGSIDE = ("__C_", "__R_")


@dataclass(frozen=True, slots=True)
class Found:
    """A database as SHOW DATABASES tells it."""

    name: str
    marker: Marker | None
    retention_days: int
    transient: bool
    origin: str
    created: str


def beside(session: Session, live: Identifier) -> dict[str, Found]:
    """Return live and the candidates and retained databases beside it, by name: one statement."""
    rows = session.run(Statement("SHOW DATABASES LIKE %s", (live.name + "%",)))
    found = {row["name"]: _found(row) for row in rows}
    ours = tuple(live.name + infix for infix in _ALONGSIDE)
    return {name: one for name, one in found.items() if name == live.name or name.startswith(ours)}


def inventory(session: Session, database: Identifier, *, columns: bool = False) -> dict[str, Relation]:
    """Return every table and view of a database with rows and last change, in one statement; with columns, in two."""
    tables = session.run(_tables(database))
    described: dict[str, list[tuple[str, str]]] = {}
    for row in session.run(_columns(database)) if columns else ():
        name = f"{row['table_schema']}.{row['table_name']}"
        described.setdefault(name, []).append((row["column_name"], row["data_type"]))
    found = {}
    for row in tables:
        name, rows = f"{row['table_schema']}.{row['table_name']}", row["row_count"]
        kind = "TABLE" if row["table_type"] == "BASE TABLE" else str(row["table_type"])
        found[name] = Relation(
            kind=kind,
            rows=int(rows) if rows is not None and kind != "VIEW" else None,
            altered=str(row["last_altered"]),
            columns=tuple(described.get(name, ())),
        )
    return found


def views(session: Session, database: Identifier) -> dict[str, str]:
    """Return the text of every view that the role owns."""
    schema = Qualified(database, Identifier("INFORMATION_SCHEMA"), Identifier("VIEWS"))
    rows = session.run(
        Statement(
            f"SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM {schema.sql}\n"
            "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA'"
        )
    )
    return {f"{row['table_schema']}.{row['table_name']}": str(row["view_definition"] or "") for row in rows}


def objects(session: Session, database: Identifier, kinds: Iterable[str]) -> dict[str, list[str]]:
    """Return the objects of these kinds, by kind: one statement a kind."""
    found = {}
    for kind in kinds:
        if not kind.replace(" ", "").isalpha():
            raise ValueError(kind)
        rows = session.run(Statement(f"SHOW {kind}S IN DATABASE {database.sql}"))
        if rows:
            found[kind] = [f"{row.get('schema_name', '')}.{row['name']}" for row in rows]
    return found


def database_rights(session: Session, database: Identifier) -> tuple[tuple[Right, ...], tuple[str, ...]]:
    """Return who may do what with the database itself, and the grants that a swap cannot carry, in words."""
    rights, strange = [], []
    for row in session.run(Statement(f"SHOW GRANTS ON DATABASE {database.sql}")):
        if str(row["granted_to"]).upper() in {"ROLE", "ACCOUNT_ROLE"}:
            rights.append(Right(row["grantee_name"], row["privilege"], "DATABASE", "", _true(row["grant_option"])))
        else:
            strange.append(f"{row['privilege']} to {row['granted_to']} {row['grantee_name']}")
    return tuple(rights), tuple(strange)


def role_rights(session: Session, role: Identifier, databases: Iterable[Identifier]) -> dict[str, tuple[Right, ...]]:
    """Return what a role may do in each of these databases, by database: one statement."""
    found: dict[str, list[Right]] = {database.name: [] for database in databases}
    for row in session.run(Statement(f"SHOW GRANTS TO ROLE {role.sql}")):
        parts = split_name(str(row["name"]))
        if parts and parts[0] in found:
            kind = str(row["granted_on"]).upper().replace(" ", "_")
            right = Right(role.name, row["privilege"], kind, ".".join(parts[1:]), _true(row["grant_option"]))
            found[parts[0]].append(right)
    return {database: tuple(rights) for database, rights in found.items()}


def clone(live: Identifier, candidate: Identifier, marker: Marker) -> Statement:
    """The candidate is a zero-copy clone of live and bears its own marker from its first moment."""
    return Statement(
        f"CREATE DATABASE {candidate.sql} CLONE {live.sql} IGNORE HYBRID TABLES COMMENT = %s",
        (marker.comment,),
        repeatable=False,
    )


def mark(database: Identifier, marker: Marker) -> Statement:
    """The database says what it holds."""
    return Statement(f"ALTER DATABASE {database.sql} SET COMMENT = %s", (marker.comment,))


def grant(database: Identifier, right: Right) -> Statement:
    """The role has this right on the database."""
    if not right.privilege.replace(" ", "").replace("_", "").isalpha():
        raise ValueError(right.privilege)
    option = " WITH GRANT OPTION" if right.grant_option else ""
    role = Identifier.found(right.grantee)
    return Statement(f"GRANT {right.privilege} ON DATABASE {database.sql} TO ROLE {role.sql}{option}")


def drop_relation(database: Identifier, name: str, kind: str) -> Statement:
    """The relation is no longer in the database."""
    schema, relation = name.split(".", 1)
    target = Qualified(database, Identifier.found(schema), Identifier.found(relation))
    word = {"VIEW": "VIEW", "TABLE": "TABLE", "MATERIALIZED VIEW": "MATERIALIZED VIEW"}.get(kind)
    if word is None:
        raise StopError(f"{name} left the project, but it is a {kind.lower()}", where=database.name, untouched=name)
    return Statement(f"DROP {word} IF EXISTS {target.sql}")


def warehouse_size(session: Session, warehouse: Identifier) -> Size:
    """Return the size the warehouse has now."""
    rows = session.run(Statement("SHOW WAREHOUSES LIKE %s", (warehouse.name,)))
    sizes = [str(row["size"]) for row in rows if row["name"] == warehouse.name]
    if not sizes:
        raise StopError(f"there is no warehouse {warehouse}", where=warehouse.name, good="provision_environment first")
    return Size.read(sizes[0])


def resize(warehouse: Identifier, size: Size) -> Statement:
    """The warehouse has this size."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET WAREHOUSE_SIZE = %s", (size.value,))


def query(sql: str) -> Statement:
    """A query that a policy names, as its file says it."""
    return Statement(sql)


def split_name(text: str) -> tuple[str, ...]:
    """Return the parts of a dotted name as SHOW prints it, quotes undone."""
    parts, current, quoted = [], "", False
    for character in text.replace('""', "\0"):
        if character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append(current)
            current = ""
        else:
            current += '"' if character == "\0" else character
    return (*parts, current) if text else ()


def _tables(database: Identifier) -> Statement:
    view = Qualified(database, Identifier("INFORMATION_SCHEMA"), Identifier("TABLES"))
    return Statement(
        f"SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT, LAST_ALTERED FROM {view.sql}\n"
        "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA' AND TABLE_TYPE NOT LIKE '%TEMPORARY%'"
    )


def _columns(database: Identifier) -> Statement:
    view = Qualified(database, Identifier("INFORMATION_SCHEMA"), Identifier("COLUMNS"))
    return Statement(
        f"SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM {view.sql}\n"
        "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA' ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
    )


def _found(row: Row) -> Found:
    options = str(row.get("options") or "")
    return Found(
        name=row["name"],
        marker=Marker.parse(row.get("comment")),
        retention_days=int(row.get("retention_time") or 0),
        transient="TRANSIENT" in options.upper(),
        origin=str(row.get("origin") or ""),
        created=str(row.get("created_on")),
    )


def _true(value: object) -> bool:
    return str(value).lower() == "true"
