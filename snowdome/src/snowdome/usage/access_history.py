"""The rows of a statement in ACCESS_HISTORY (sql-reference/account-usage/access_history).

A statement that failed, one that touched nothing, and reads of information schemas and of SNOWFLAKE leave no row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from snowdome.state.records import Column, Database, Record, Schema, Table, View

if TYPE_CHECKING:
    from snowdome.state.catalog import Catalog
    from snowdome.state.trace import Trace

SNOWFLAKE = "SNOWFLAKE"
DDL = (Database, Schema, Table, View)
_DATA = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE_TABLE", "COPY", "COMMIT"})
Object = dict[str, Any]


def rows(catalog: Catalog, trace: Trace) -> Iterator[dict[str, Any]]:
    """The rows of the statement: one, or none, or two for a swap."""
    entry = trace.entry
    if trace.failed or entry.ended is None:
        return
    direct = list(_direct(catalog, trace))
    base = list(_base(catalog, trace))
    modified = list(_written(catalog, trace))
    changes = [] if trace.kind in _DATA else list(_ddl(catalog, trace))
    if not (direct or base or modified or changes):
        return
    each: list[Object | None] = [*changes] or [None]
    for change in each:
        yield {
            "QUERY_ID": entry.query_id,
            "QUERY_START_TIME": entry.started,
            "USER_NAME": entry.user,
            "DIRECT_OBJECTS_ACCESSED": json.dumps(direct),
            "BASE_OBJECTS_ACCESSED": json.dumps(base),
            "OBJECTS_MODIFIED": json.dumps(modified),
            "OBJECT_MODIFIED_BY_DDL": json.dumps(change) if change is not None else None,
            "POLICIES_REFERENCED": json.dumps([]),
            "EVENT_SOURCE": "snowflake_sql",
        }


# -- rows read ----------------------------------------------------------------------------------------------------
def _direct(catalog: Catalog, trace: Trace) -> Iterator[Object]:
    for record, columns in _named(catalog, trace):
        yield _object(catalog, record, columns)


def _named(catalog: Catalog, trace: Trace) -> Iterator[tuple[Table | View, list[Column]]]:
    """The tables and views the statement names, with the columns it names of each."""
    found: dict[int, set[str]] = {}
    for record_id, alias in trace.reads:
        record = catalog.peek(record_id)
        if not isinstance(record, (Table, View)):
            continue
        names = found.setdefault(record_id, set())
        if "" in trace.starred or alias in trace.starred:
            names.update(c.name for c in record.columns)
        names.update(name for qualifier, name in trace.columns if qualifier in ("", alias))
    for record_id, names in found.items():
        record = catalog.peek(record_id)
        if isinstance(record, (Table, View)):
            yield record, [c for c in record.columns if c.name in names]


def _base(catalog: Catalog, trace: Trace) -> Iterator[Object]:
    """The tables that were read, those behind views included; views are not base objects."""
    columns: dict[int, set[str]] = {}
    for record, named in _named(catalog, trace):
        if isinstance(record, Table):
            columns.setdefault(record.id, set()).update(c.name for c in named)
    for table_id, names in trace.bases.items():
        table = catalog.peek(table_id)
        if isinstance(table, Table):
            wanted = {c.name for c in table.columns} if names is None else names
            columns.setdefault(table_id, set()).update(wanted)
    for table_id, wanted in columns.items():
        table = catalog.peek(table_id)
        if isinstance(table, Table):
            yield _object(catalog, table, [c for c in table.columns if c.name in wanted])


# -- rows written -------------------------------------------------------------------------------------------------
def _written(catalog: Catalog, trace: Trace) -> Iterator[Object]:
    for table_id, names in trace.written.items():
        table = catalog.peek(table_id)
        if isinstance(table, Table):
            columns = [c for c in table.columns if names is None or c.name in names]
            yield _object(catalog, table, columns)
    if trace.kind == "CREATE_TABLE_AS_SELECT":
        made = (after for before, after in trace.changes if before is None and isinstance(after, Table))
        yield from (_object(catalog, table, table.columns) for table in made)


# -- objects changed ----------------------------------------------------------------------------------------------
def _ddl(catalog: Catalog, trace: Trace) -> Iterator[Object]:
    """One object for each database, schema, table or view that was changed as a whole: not for what is inside it."""
    first: dict[int, Record | None] = {}
    last: dict[int, Record | None] = {}
    for before, after in trace.changes:
        record = after or before
        if record is not None and isinstance(record, DDL):
            first.setdefault(record.id, before)
            last[record.id] = after
    replaced = {_place(b) for i, b in first.items() if b is not None and _dropped(b, last[i])}
    made = {_place(a) for i, a in last.items() if a is not None and first[i] is None}
    for record_id, after in last.items():
        before = first[record_id]
        record = after or before
        if record is None or record.parent in last or (before is not None and _same(before, after)):
            continue
        if before is not None and _dropped(before, after) and _place(before) in made:
            continue
        operation = _operation(before, after, replaced)
        yield {
            "objectDomain": type(record).__name__,
            "objectId": record.id,
            "objectName": full_name(catalog, before or record),
            "operationType": operation,
            "properties": _properties(catalog, before, after, operation),
        }


def _operation(before: Record | None, after: Record | None, replaced: set[tuple[int, str, str]]) -> str:
    if before is None and after is not None:
        return "REPLACE" if _place(after) in replaced else "CREATE"
    if before is not None and _dropped(before, after):
        return "DROP"
    if before is not None and after is not None and before.dropped_on is not None and after.dropped_on is None:
        return "UNDROP"
    return "ALTER"


def _properties(catalog: Catalog, before: Record | None, after: Record | None, operation: str) -> Object:
    if operation in ("CREATE", "REPLACE") and isinstance(after, (Table, View)):
        ids = {c.name: {"value": column_id(after, c.name)} for c in after.columns}
        return {"columns": {name: {"objectId": value, "subOperationType": "ADD"} for name, value in ids.items()}}
    if before is None or after is None or operation != "ALTER":
        return {}
    found: Object = {}
    if before.name != after.name or before.parent != after.parent:
        found["objectName"] = {"value": full_name(catalog, after)}
    if before.comment != after.comment:
        found["comment"] = {"value": after.comment}
    if isinstance(before, (Table, View)) and isinstance(after, (Table, View)):
        old, new = {c.name for c in before.columns}, {c.name for c in after.columns}
        changed = {name: {"subOperationType": "ADD"} for name in sorted(new - old)}
        changed |= {name: {"subOperationType": "DROP"} for name in sorted(old - new)}
        if changed:
            found["columns"] = changed
    return found


def _same(before: Record, after: Record | None) -> bool:
    """Whether only grants or rows differ: that is no change of the object."""
    if after is None:
        return before.dropped_on is not None
    keys = ("name", "parent", "comment", "dropped_on", "tags", "parameters", "columns", "column_tags", "retention")
    return all(getattr(before, key, None) == getattr(after, key, None) for key in keys)


def _dropped(before: Record, after: Record | None) -> bool:
    return before.dropped_on is None and (after is None or after.dropped_on is not None)


def _place(record: Record) -> tuple[int, str, str]:
    return record.parent, record.space, record.name


# -- objects ------------------------------------------------------------------------------------------------------
def _object(catalog: Catalog, record: Table | View, columns: Iterable[Column]) -> Object:
    return {
        "columns": [{"columnId": column_id(record, c.name), "columnName": c.name} for c in columns],
        "objectDomain": type(record).__name__,
        "objectId": record.id,
        "objectName": full_name(catalog, record),
    }


def column_id(record: Table | View, column: str) -> int:
    """Ours have no ids of their own: the table's id and the column's place make one that is unique in the account."""
    return record.id * 10_000 + [c.name for c in record.columns].index(column) + 1


def full_name(catalog: Catalog, record: Record) -> str:
    """The record's name with those of its parents, as they are now."""
    names = [record.name]
    parent = catalog.peek(record.parent)
    while parent is not None and parent.id != 0:
        names.append(parent.name)
        parent = catalog.peek(parent.parent)
    return ".".join(reversed(names))
