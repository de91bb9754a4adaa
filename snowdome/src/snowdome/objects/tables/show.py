"""SHOW TABLES, OBJECTS and COLUMNS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from snowdome import types
from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import access, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.sql.grammar.show import Show
from snowdome.state import sizes
from snowdome.state.pipelines import DynamicTable
from snowdome.state.records import Column, Relation, Table, View
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

TABLE = (
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "automatic_clustering change_tracking is_external enable_schema_evolution owner_role_type is_event is_hybrid "
    "is_iceberg is_dynamic is_immutable"
)
OBJECT = (
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "owner_role_type is_hybrid is_dynamic is_iceberg is_interactive"
)
COLUMN = (
    "table_name schema_name column_name data_type null? default kind expression comment database_name autoincrement "
    "schema_evolution_record"
)
RECLUSTER_OFF = "RECLUSTER SUSPENDED"
"""The parameter of a table whose automatic clustering rests."""


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each table that the session may see."""
    with account.catalog.lock:
        rows = cells(account, session, statement, listing.wanted(account, session, statement, Table))
    return listing.answer(listing.asked(TABLE, statement), rows)


def show_objects(account: Account, session: Session, statement: Show) -> Result:
    """A row for each table and view that the session may see; transient tables are not distinguished."""
    with account.catalog.lock:
        wanted = listing.wanted(account, session, statement, Table, View)
        found = [one for one in wanted if isinstance(one, (Table, View))]
        rows = cells(account, session, statement, found)
    rows = [row | {"kind": "TABLE"} if row["kind"] != "VIEW" else row for row in rows]
    return listing.answer(listing.asked(OBJECT, statement), rows)


def cells(account: Account, session: Session, statement: Show, relations: Iterable[Relation]) -> list[dict[str, Any]]:
    """Return the cells of each table or view, with counts of rows where the statement shows them."""
    relations = list(relations)
    tables = [r for r in relations if isinstance(r, Table) and r.dropped_on is None]
    counts: dict[int, int] = {}
    if not statement.terse and tables:
        counts = account.information_schema.row_counts(Context.of(session), tables)
    return [_cells(account, record, counts) for record in relations]


def _cells(account: Account, record: Relation, counts: dict[int, int]) -> dict[str, Any]:
    cells = listing.cells(account, record) | {"retention_time": str(retention_days(account, record))}
    parent = account.catalog.peek(record.parent)
    if parent is None:
        return cells
    database = account.catalog.peek(parent.parent)
    place = {"schema_name": parent.name, "database_name": database.name if database is not None else ""}
    return cells | place | _relation_cells(record, counts)


def _relation_cells(record: Relation, counts: dict[int, int]) -> dict[str, Any]:
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


def show_columns(account: Account, session: Session, statement: Show) -> Result:
    """A row for each column of the tables and views that the session may see."""
    context, name = Context.of(session), statement.scope_name
    with account.catalog.lock:
        relations: list[Relation]
        if statement.scope in ("TABLE", "VIEW") and name is not None:
            relations = [resolve.relation(account, context, (name.database, name.schema, name.last), "SHOW")]
        else:
            relations = [
                r
                for parent in listing.parents(account, session, statement)
                for r in account.catalog.relations(parent)
                if access.may_see(account, session, r)
            ]
        found = [(r, column) for r in relations for column in r.columns]
        rows = [_column_cells(account, r, c) for r, c in show_format.keep(statement, found, lambda pair: pair[1].name)]
    return listing.answer(COLUMN, rows)


def _column_cells(account: Account, record: Relation, column: Column) -> dict[str, Any]:
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
