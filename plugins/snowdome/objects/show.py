"""SHOW of databases, schemas, tables, views, objects and columns; DESCRIBE of databases and schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from snowdome import errors, types
from snowdome.objects.relations import RECLUSTER_OFF
from snowdome.result import Result, listing
from snowdome.security import access, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.show import Show
from snowdome.state import sizes
from snowdome.state.pipelines import DynamicTable
from snowdome.state.records import Column, Database, Record, Schema, Table, View
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

TIMES = frozenset({"created_on", "dropped_on"})
NUMBERS = frozenset({"rows", "bytes"})
DATABASE = "created_on name is_default is_current origin owner comment options retention_time kind owner_role_type"
SCHEMA = "created_on name is_default is_current database_name owner comment options retention_time owner_role_type"
TABLE = (
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "automatic_clustering change_tracking is_external enable_schema_evolution owner_role_type is_event is_hybrid "
    "is_iceberg is_dynamic is_immutable"
)
VIEW = (
    "created_on name reserved database_name schema_name owner comment text is_secure is_materialized owner_role_type "
    "change_tracking"
)
OBJECT = (
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "owner_role_type is_hybrid is_dynamic is_iceberg is_interactive"
)
TERSE = "created_on name kind database_name schema_name"
COLUMN = (
    "table_name schema_name column_name data_type null? default kind expression comment database_name autoincrement "
    "schema_evolution_record"
)
HYBRID_TABLE = "created_on name database_name schema_name owner rows bytes comment owner_role_type"
FULL = {
    "DATABASE": DATABASE,
    "SCHEMA": SCHEMA,
    "TABLE": TABLE,
    "HYBRID TABLE": HYBRID_TABLE,
    "VIEW": VIEW,
    "OBJECT": OBJECT,
}


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each object the session may see."""
    if statement.kind == "COLUMN":
        return _columns(account, session, statement)
    with account.catalog.lock:
        found = _found(account, session, statement)
        if statement.kind == "HYBRID TABLE":
            found = [r for r in found if isinstance(r, Table) and r.hybrid]
        wanted = show_format.keep(statement, found, lambda r: r.name)
        tables = [r for r in wanted if isinstance(r, Table) and r.dropped_on is None]
        counts: dict[int, int] = {}
        if not statement.terse and statement.kind in ("TABLE", "HYBRID TABLE", "OBJECT"):
            counts = account.information_schema.row_counts(Context.of(session), tables)
        cells = [_cells(account, session, record, counts) for record in wanted]
    if statement.kind == "OBJECT":  # which does not tell transient tables from others, as SHOW TABLES does
        cells = [cell | {"kind": "TABLE"} if cell["kind"] != "VIEW" else cell for cell in cells]
    names = (TERSE if statement.terse else FULL[statement.kind]).split()
    if statement.history:
        names.append("dropped_on")
    return listing(_described(names), [[cell.get(name) for name in names] for cell in cells])


def _described(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(n, TIME if n in TIMES else NUMBER if n in NUMBERS else TEXT) for n in names]


def _found(account: Account, session: Session, statement: Show) -> list[Record]:
    classes: tuple[type[Record], ...] = {
        "DATABASE": (Database,),
        "SCHEMA": (Schema,),
        "TABLE": (Table,),
        "HYBRID TABLE": (Table,),
        "VIEW": (View,),
        "OBJECT": (Table, View),
    }[statement.kind]
    found: list[Record] = []
    for parent in parents(account, session, statement):
        hidden = {name: r for (home, name), r in session.temporary.items() if home == parent and isinstance(r, classes)}
        records = account.catalog.within(parent) if statement.history else account.catalog.children(parent, *classes)
        found += [
            r
            for r in records
            if isinstance(r, classes) and r.name not in hidden and access.may_see(account, session, r)
        ]
        found += hidden.values()
    return found


def parents(account: Account, session: Session, statement: Show) -> list[int]:
    """The ids of the containers that are looked into."""
    context, name = Context.of(session), statement.scope_name
    if statement.kind == "DATABASE":
        return [0]
    scope = statement.scope
    if scope is None:
        scope = "ACCOUNT" if session.database is None else "DATABASE"
        if statement.kind != "SCHEMA" and session.schema is not None:
            scope = "SCHEMA"
    if scope == "ACCOUNT":
        databases = [d for d in account.catalog.children(0, Database) if access.may_see(account, session, d)]
    elif scope == "DATABASE" or statement.kind == "SCHEMA":
        databases = [resolve.database(account, context, name.last if name is not None else None, "SHOW")]
    else:
        return [_schema(account, context, statement).id]
    if statement.kind == "SCHEMA":
        return [d.id for d in databases]
    return [s.id for d in databases for s in account.catalog.children(d.id, Schema)]


def _schema(account: Account, context: Context, statement: Show) -> Schema:
    name = statement.scope_name
    if name is None:
        return resolve.schema(account, context, None, None, "SHOW")
    try:
        return resolve.schema(account, context, name.schema, name.last, "SHOW")
    except errors.SqlError as problem:
        where = f"{name.schema}.{name.last}" if name.schema else name.last
        raise errors.SqlError(
            2043, "02000", f"SQL compilation error:\nObject does not exist, or operation cannot be performed: {where}"
        ) from problem


def _cells(account: Account, session: Session, record: Record, counts: dict[int, int]) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "created_on": record.created_on,
        "dropped_on": record.dropped_on,
        "name": record.name,
        "owner": show_format.role_name(account, record.owner),
        "owner_role_type": show_format.role_type(account, record.owner),
        "comment": record.comment,
        "retention_time": str(retention_days(account, record)),
    }
    parent = account.catalog.peek(record.parent)
    match record:
        case Database():
            current = record.name == session.database
            cells |= {"is_default": "N", "is_current": show_format.mark(current), "origin": "", "kind": "STANDARD"}
            cells["options"] = "TRANSIENT" if record.transient else ""
        case Schema() if parent is not None:
            current = parent.name == session.database and record.name == session.schema
            options = [word for word, on in (("TRANSIENT", record.transient), ("MANAGED ACCESS", record.managed)) if on]
            cells |= {"is_default": "N", "is_current": show_format.mark(current), "options": ", ".join(options)}
            cells |= {"database_name": parent.name, "kind": None, "schema_name": None}
        case Table() | View() if parent is not None:
            database = account.catalog.peek(parent.parent)
            cells |= {"schema_name": parent.name, "database_name": database.name if database is not None else ""}
            cells |= _relation_cells(record, counts)
        case _:
            pass
    return cells


def _relation_cells(record: Table | View, counts: dict[int, int]) -> dict[str, Any]:
    cells: dict[str, Any] = dict.fromkeys(
        ("is_external", "is_event", "is_hybrid", "is_iceberg", "is_dynamic", "is_immutable", "enable_schema_evolution"),
        "N",
    )
    cells |= {"change_tracking": "OFF", "cluster_by": "", "is_interactive": "N"}
    if isinstance(record, View):
        return cells | {
            "kind": "VIEW",
            "rows": 0,
            "bytes": 0,
            "reserved": "",
            "text": record.text,
            "is_secure": show_format.truth(record.secure),
            "is_materialized": "false",
        }
    kind = "TEMPORARY" if record.temporary else "TRANSIENT" if record.transient else "TABLE"
    return cells | {
        "kind": kind,
        "cluster_by": f"LINEAR({record.cluster_by})" if record.cluster_by else "",
        "rows": counts.get(record.id),
        "bytes": sizes.about(record, counts.get(record.id) or 0),
        "automatic_clustering": "ON" if record.cluster_by and not record.parameters.get(RECLUSTER_OFF) else "OFF",
        "is_hybrid": show_format.mark(record.hybrid),
        "is_dynamic": show_format.mark(isinstance(record, DynamicTable)),
    }


def _columns(account: Account, session: Session, statement: Show) -> Result:
    context, name = Context.of(session), statement.scope_name
    with account.catalog.lock:
        relations: list[Table | View]
        if statement.scope in ("TABLE", "VIEW") and name is not None:
            relations = [resolve.relation(account, context, (name.database, name.schema, name.last), "SHOW")]
        else:
            relations = [
                r
                for parent in parents(account, session, statement)
                for r in account.catalog.relations(parent)
                if access.may_see(account, session, r)
            ]
        found = [(r, column) for r in relations for column in r.columns]
        rows = [_column_cells(account, r, c) for r, c in show_format.keep(statement, found, lambda pair: pair[1].name)]
    names = COLUMN.split()
    return listing(_described(names), [[row.get(n) for n in names] for row in rows])


def _column_cells(account: Account, record: Table | View, column: Column) -> dict[str, Any]:
    schema = account.catalog.peek(record.parent)
    database = account.catalog.peek(schema.parent) if schema is not None else None
    return {
        "table_name": record.name,
        "schema_name": schema.name if schema is not None else "",
        "database_name": database.name if database is not None else "",
        "column_name": column.name,
        "data_type": json.dumps(_json_type(column), separators=(",", ":")),
        "null?": "true" if column.nullable else "NOT_NULL",
        "default": column.default or "",
        "kind": "COLUMN",
        "expression": "",
        "comment": column.comment,
        "autoincrement": column.autoincrement or "",
    }


def _json_type(column: Column) -> dict[str, Any]:
    kind = types.base(column.type)
    first, second = types.numbers(column.type)
    names = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}
    found: dict[str, Any] = {"type": names.get(kind, kind)}
    if kind == "NUMBER":
        found |= {"precision": first or 38, "scale": second or 0}
    elif kind == "VARCHAR":
        length = first or types.LONGEST_TEXT
        found |= {"length": length, "byteLength": min(length * 4, types.LONGEST_TEXT)}
    elif kind.startswith("TIME"):
        found |= {"precision": 0, "scale": 9}
    found["nullable"] = column.nullable
    if kind == "VARCHAR":
        found["fixed"] = False
    return found
