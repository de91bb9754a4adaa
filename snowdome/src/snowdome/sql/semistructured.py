"""Types that DuckDB does not tell apart: VARIANT, OBJECT and ARRAY; TIMESTAMP_LTZ and TIMESTAMP_TZ.

https://docs.snowflake.com/en/sql-reference/data-types-semistructured
https://docs.snowflake.com/en/sql-reference/functions/convert_timezone: with two arguments it answers a TIMESTAMP_TZ
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import Expr, exp

ZONED = "TIMESTAMP_TZ(9)"
_OBJECTS = (exp.StarMap, exp.Struct, exp.JSONObject, exp.ObjectAgg, exp.JSONObjectAgg)
_ARRAYS = (exp.Array, exp.ArrayAgg, exp.ArrayConcat, exp.ArrayConstructCompact, exp.Split, exp.ArrayUniqueAgg)
_CALLS = {
    "OBJECT_CONSTRUCT": "OBJECT",
    "OBJECT_CONSTRUCT_KEEP_NULL": "OBJECT",
    "OBJECT_INSERT": "OBJECT",
    "OBJECT_DELETE": "OBJECT",
    "OBJECT_PICK": "OBJECT",
    "TO_OBJECT": "OBJECT",
    "TO_ARRAY": "ARRAY",
    "ARRAY_APPEND": "ARRAY",
    "ARRAY_CAT": "ARRAY",
    "ARRAY_SLICE": "ARRAY",
    "ARRAY_COMPACT": "ARRAY",
    "ARRAY_DISTINCT": "ARRAY",
    "STRTOK_TO_ARRAY": "ARRAY",
}
_CAST = {
    exp.DataType.Type.OBJECT: "OBJECT",
    exp.DataType.Type.ARRAY: "ARRAY",
    exp.DataType.Type.VARIANT: "VARIANT",
    exp.DataType.Type.TIMESTAMPTZ: ZONED,
}
_VAGUE = {"VARIANT": ("VARIANT", "OBJECT", "ARRAY"), "TIMESTAMP_LTZ(9)": (ZONED,)}


def kinds(query: Expr, tables: Mapping[str, Mapping[str, str]]) -> list[str | None]:
    """For each column of the bound query what it is, where the query says it; nothing where it does not name them."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if not isinstance(query, exp.Select):
        return []
    if any(projection.is_star for projection in query.expressions):
        return _behind(query, tables)
    return [_kind(projection.unalias(), tables) for projection in query.expressions]


def refined(columns: tuple[tuple[str, str], ...], found: list[str | None]) -> tuple[tuple[str, str], ...]:
    """The columns with what is known better."""
    if len(found) != len(columns):
        return columns
    return tuple(
        (name, better if better is not None and better in _VAGUE.get(kind, ()) else kind)
        for (name, kind), better in zip(columns, found, strict=True)
    )


def _behind(query: exp.Select, tables: Mapping[str, Mapping[str, str]]) -> list[str | None]:
    """What a lone star stands for, where it is one relation's."""
    source = query.args.get("from_")
    if len(query.expressions) != 1 or query.args.get("joins") or source is None:
        return []
    if isinstance(source.this, exp.Table):
        return list(tables.get(source.this.name, {}).values())
    return kinds(source.this, tables) if isinstance(source.this, exp.Subquery) else []


def _kind(node: Expr, tables: Mapping[str, Mapping[str, str]]) -> str | None:
    if isinstance(node, exp.Window):
        node = node.this
    if isinstance(node, exp.Cast):
        return _CAST.get(node.to.this)
    if isinstance(node, exp.ConvertTimezone):
        return ZONED if node.args.get("source_tz") is None else None
    if isinstance(node, _OBJECTS):
        return "OBJECT"
    if isinstance(node, _ARRAYS):
        return "ARRAY"
    if isinstance(node, exp.Anonymous):
        return _CALLS.get(node.name.upper())
    if isinstance(node, exp.Column):
        declared = {columns[node.name] for columns in tables.values() if node.name in columns}
        return declared.pop() if len(declared) == 1 else None
    return None
