"""SHOW of what lives inside schemas and tables: sequences, stages, formats, functions, keys; and of variables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from snowdome.objects import show as shows
from snowdome.result import Result, listing
from snowdome.security import access, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, FileFormat, Record, Schema, Sequence, Stage, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

SEQUENCE = "name database_name schema_name next_value interval created_on owner comment owner_role_type ordered"
STAGE = (
    "created_on name database_name schema_name url has_credentials has_encryption_key owner comment region type "
    "cloud notification_channel storage_integration endpoint owner_role_type directory_enabled"
)
FORMAT = "created_on name database_name schema_name type owner comment format_options owner_role_type"
PROCEDURE = (
    "created_on name schema_name is_builtin is_aggregate is_ansi min_num_arguments max_num_arguments arguments "
    "description catalog_name is_table_function valid_for_clustering is_secure secrets "
    "external_access_integrations"
)
FUNCTION = f"{PROCEDURE} is_external_function language is_memoizable is_data_metric"
NUMBERS = ("next_value", "interval")
LISTED: dict[str, tuple[type[Record] | None, str]] = {
    "SEQUENCE": (Sequence, SEQUENCE),
    "STAGE": (Stage, STAGE),
    "FILE FORMAT": (FileFormat, FORMAT),
    "FUNCTION": (None, FUNCTION),
    "PROCEDURE": (None, PROCEDURE),
}
KEY = "created_on database_name schema_name table_name column_name key_sequence constraint_name rely comment"
FOREIGN = (
    "created_on pk_database_name pk_schema_name pk_table_name pk_column_name fk_database_name fk_schema_name "
    "fk_table_name fk_column_name key_sequence update_rule delete_rule fk_name pk_name deferrability rely comment"
)
KEYS: dict[str, tuple[str, str]] = {
    "PRIMARY KEY": ("PRIMARY KEY", KEY),
    "UNIQUE KEY": ("UNIQUE", KEY),
    "IMPORTED KEY": ("FOREIGN KEY", FOREIGN),
}


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each object of the kind that the session may see; functions there are none."""
    cls, names = LISTED[statement.kind]
    columns = [
        (n, TIME if n == "created_on" else NUMBER if n.startswith(("next", "interval")) else TEXT)
        for n in names.split()
    ]
    if cls is None:
        shows.parents(account, session, statement)
        return listing(columns, [])
    with account.catalog.lock:
        found = [
            r
            for parent in shows.parents(account, session, statement)
            for r in account.catalog.children(parent, cls)
            if access.may_see(account, session, r)
        ]
        rows = [_cells(account, r) for r in show_format.keep(statement, found, lambda r: r.name)]
    return listing(columns, [[row.get(n) for n, _ in columns] for row in rows])


def describe(account: Account, sequence: Sequence) -> Result:
    """The row of SHOW SEQUENCES for that one: DESCRIBE SEQUENCE has the same columns."""
    columns = [(n, TIME if n == "created_on" else NUMBER if n in NUMBERS else TEXT) for n in SEQUENCE.split()]
    row = _cells(account, sequence)
    return listing(columns, [[row.get(n) for n, _ in columns]])


def show_keys(account: Account, session: Session, statement: Show) -> Result:
    """A row for each column of each declared key."""
    kind, names = KEYS[statement.kind]
    columns = [(n, TIME if n == "created_on" else NUMBER if n == "key_sequence" else TEXT) for n in names.split()]
    with account.catalog.lock:
        rows = [row for table in tables_in(account, session, statement) for row in _key_rows(account, table, kind)]
    return listing(columns, [[row.get(n) for n, _ in columns] for row in rows])


def show_variables(account: Account, session: Session, statement: Show) -> Result:
    """A row for each of the session's variables."""
    found = show_format.keep(statement, session.variables.items(), lambda item: item[0])
    columns = [("session_id", TEXT), ("name", TEXT), ("value", TEXT), ("type", TEXT), ("comment", TEXT)]
    del account
    return listing(columns, [[str(session.id), name, value.strip("'"), "text", ""] for name, value in found])


def tables_in(account: Account, session: Session, statement: Show) -> list[Table]:
    """The tables in the scope of the statement that the session may see."""
    name = statement.scope_name
    if statement.scope == "TABLE" and name is not None:
        found = resolve.relation(account, Context.of(session), (name.database, name.schema, name.last), "SHOW")
        return [found] if isinstance(found, Table) else []
    return [
        t
        for parent in shows.parents(account, session, statement)
        for t in account.catalog.children(parent, Table)
        if access.may_see(account, session, t)
    ]


def _key_rows(account: Account, table: Table, kind: str) -> list[dict[str, Any]]:
    schema = account.catalog.get(Schema, table.parent)
    database = account.catalog.get(Database, schema.parent)
    rows: list[dict[str, Any]] = []
    for number, key in enumerate(table.keys):
        if key.kind != kind:
            continue
        for position, column in enumerate(key.columns):
            row: dict[str, Any] = {
                "created_on": table.created_on,
                "key_sequence": position + 1,
                "constraint_name": key.name or f"SYS_CONSTRAINT_{table.id}_{number}",
                "rely": "false",
                "comment": None,
            }
            place = {"database_name": database.name, "schema_name": schema.name, "table_name": table.name}
            if kind == "FOREIGN KEY":
                target = [part.strip('"') for part in key.refers_to.split(".")]
                full = [database.name, schema.name][: 3 - len(target)] + target
                referred = key.referred[position] if position < len(key.referred) else None
                row |= {f"fk_{n}": v for n, v in place.items()} | {
                    "fk_column_name": column,
                    "fk_name": row["constraint_name"],
                }
                row |= dict(zip(("pk_database_name", "pk_schema_name", "pk_table_name"), full, strict=True))
                row |= {"pk_column_name": referred, "update_rule": "NO ACTION", "delete_rule": "NO ACTION"}
                row["deferrability"] = "NOT DEFERRABLE"
            else:
                row |= place | {"column_name": column}
            rows.append(row)
    return rows


def _cells(account: Account, record: Record) -> dict[str, Any]:
    schema = account.catalog.get(Schema, record.parent)
    database = account.catalog.get(Database, schema.parent)
    cells: dict[str, Any] = {
        "created_on": record.created_on,
        "name": record.name,
        "database_name": database.name,
        "schema_name": schema.name,
        "owner": show_format.role_name(account, record.owner),
        "owner_role_type": show_format.role_type(account, record.owner),
        "comment": record.comment,
    }
    match record:
        case Sequence():
            cells |= {"next_value": account.duck.next_value(record.physical, record.start, record.increment)}
            cells |= {"interval": record.increment, "ordered": show_format.mark(record.ordered)}
        case Stage():
            kind = "INTERNAL TEMPORARY" if record.temporary else "INTERNAL"
            cells |= {
                "url": "",
                "has_credentials": "N",
                "has_encryption_key": "N",
                "type": kind,
                "directory_enabled": "N",
            }
        case FileFormat():
            cells |= {"type": record.type, "format_options": json.dumps(record.options)}
        case _:
            pass
    return cells
