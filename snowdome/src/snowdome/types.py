"""Types in three languages: Snowflake's names, DuckDB's names, and the wire's."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
from sqlglot import exp

from snowdome.errors import unsupported

Parameters = list[Any] | dict[str, Any] | None
"""The values bound to a statement, by place or by name."""
_FROM_DUCK = {
    "VARCHAR": "VARCHAR(16777216)",
    '"NULL"': "VARCHAR(16777216)",
    "BIGINT": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "INTEGER": "NUMBER(38,0)",
    "SMALLINT": "NUMBER(38,0)",
    "TINYINT": "NUMBER(38,0)",
    "UBIGINT": "NUMBER(38,0)",
    "UINTEGER": "NUMBER(38,0)",
    "USMALLINT": "NUMBER(38,0)",
    "UTINYINT": "NUMBER(38,0)",
    "UHUGEINT": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_MS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_S": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    "JSON": "VARIANT",
    "BLOB": "BINARY(8388608)",
    "UUID": "VARCHAR(36)",
}

_DECLARED = {
    exp.DataType.Type.VARIANT: "VARIANT",
    exp.DataType.Type.OBJECT: "OBJECT",
    exp.DataType.Type.ARRAY: "ARRAY",
    exp.DataType.Type.TIMESTAMPLTZ: "TIMESTAMP_LTZ(9)",
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMP_TZ(9)",
}

_WIRE = {
    "NUMBER": "fixed",
    "FLOAT": "real",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP_NTZ": "timestamp_ntz",
    "TIMESTAMP_LTZ": "timestamp_ltz",
    "TIMESTAMP_TZ": "timestamp_tz",
    "VARIANT": "variant",
    "OBJECT": "object",
    "ARRAY": "array",
    "BINARY": "binary",
}

_ARROW = {
    "NUMBER": pa.int64(),
    "FLOAT": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP_NTZ": pa.timestamp("us"),
    "TIMESTAMP_LTZ": pa.timestamp("us", tz="UTC"),
    "TIMESTAMP_TZ": pa.timestamp("us", tz="UTC"),
    "VARIANT": pa.string(),
}

_NUMBERS = re.compile(r"\((\d+)(?:,\s*(\d+))?\)")
LONGEST_TEXT = 16777216


def from_duck(duck_type: str) -> str:
    """Snowflake's name of a DuckDB type."""
    if duck_type.startswith("DECIMAL"):
        return "NUMBER" + duck_type.removeprefix("DECIMAL")
    if duck_type in _FROM_DUCK:
        return _FROM_DUCK[duck_type]
    if duck_type.endswith("[]"):
        return "ARRAY"
    if duck_type.startswith(("STRUCT", "MAP")):
        return "OBJECT"
    raise unsupported(f"values of DuckDB's type {duck_type}")


def declared(data_type: exp.DataType, duck_type: str) -> str:
    """Snowflake's name of a declared column type, where DuckDB's own type says less than the declaration."""
    if data_type.this in _DECLARED:
        return _DECLARED[data_type.this]
    found = from_duck(duck_type)
    if found.startswith("VARCHAR") and (length := data_type.find(exp.DataTypeParam)):
        return f"VARCHAR({length.name})"
    if found.startswith("VARCHAR") and data_type.this in (exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR):
        return "VARCHAR(1)"
    return found


def base(name: str) -> str:
    """The type's name without its numbers."""
    return name.partition("(")[0].strip()


def numbers(name: str) -> tuple[int | None, int | None]:
    """The numbers in the type's brackets."""
    found = _NUMBERS.search(name)
    if not found:
        return None, None
    return int(found[1]), int(found[2]) if found[2] else None


def wire(column: str, name: str) -> dict[str, Any]:
    """The column as the wire describes it."""
    kind = _WIRE[base(name)]
    first, second = numbers(name)
    info: dict[str, Any] = {
        "name": column,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": kind,
        "byteLength": None,
        "length": None,
        "scale": None,
        "precision": None,
        "collation": None,
    }
    if kind == "fixed":
        info |= {"precision": first or 38, "scale": second or 0}
    elif kind == "text":
        length = first or LONGEST_TEXT
        info |= {"length": length, "byteLength": min(length * 4, LONGEST_TEXT)}
    elif kind == "binary":
        info |= {"length": 8388608, "byteLength": 8388608}
    elif kind.startswith("time"):
        info |= {"precision": 0, "scale": 9}
    return info


def arrow(name: str) -> pa.DataType:
    """The arrow type that carries rows of ours of that type."""
    return _ARROW[base(name)]
