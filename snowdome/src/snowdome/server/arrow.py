"""Rows as the arrow stream that Snowflake's clients read."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.arrow import to_ipc

MICROSECONDS = 1_000_000
UTC_OFFSET = 1440
"""How the wire writes UTC: minutes from it, plus a day."""


def stream(table: pa.Table, rowtype: list[dict[str, Any]]) -> bytes:
    """The rows with the metadata and the shapes of Snowflake's types."""
    arrays = [_shaped(table.column(i), column["type"]) for i, column in enumerate(rowtype)]
    fields = [
        pa.field(column["name"], array.type).with_metadata(_metadata(column))
        for column, array in zip(rowtype, arrays, strict=True)
    ]
    found: bytes = to_ipc(pa.Table.from_arrays(arrays, schema=pa.schema(fields))).to_pybytes()
    return found


def _metadata(column: dict[str, Any]) -> dict[str, str]:
    return {
        "logicalType": column["type"].upper(),
        "precision": str(column["precision"] or 38),
        "scale": str(column["scale"] or 0),
        "charLength": str(column["length"] or 0),
    }


def _shaped(column: pa.ChunkedArray, logical_type: str) -> pa.Array:
    kind = column.type
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_timestamp(kind):
        return _timestamp(array, zoned=logical_type == "timestamp_tz")
    if pa.types.is_time(kind):
        return pc.multiply(array.cast(pa.time64("us")).cast(pa.int64()), 1000)
    if pa.types.is_null(kind) or pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return array.cast(pa.string())
    if pa.types.is_float32(kind):
        return array.cast(pa.float64())
    if pa.types.is_uint64(kind):
        return array.cast(pa.decimal128(20, 0))
    if pa.types.is_nested(kind):
        return pa.array(
            [None if one is None else json.dumps(one, default=str) for one in array.to_pylist()], pa.string()
        )
    return array


def _timestamp(array: pa.Array, *, zoned: bool) -> pa.Array:
    """Seconds, nanoseconds and, where the type has one, the zone; a missing one is missing as a whole.

    A moment of type TIMESTAMP_LTZ has none: clients show it in their session's TIMEZONE.
    """
    moments = array.cast(pa.timestamp("us", tz="UTC" if array.type.tz is not None else None)).cast(pa.int64())
    missing = moments.is_null()
    known = pc.fill_null(moments, 0)
    seconds = _floored(known)
    fraction = pc.multiply(pc.subtract(known, pc.multiply(seconds, MICROSECONDS)), 1000).cast(pa.int32())
    arrays = [seconds, fraction]
    fields = [pa.field("epoch", pa.int64()), pa.field("fraction", pa.int32())]
    if zoned:
        arrays.append(pa.array([UTC_OFFSET] * len(array), type=pa.int32()))
        fields.append(pa.field("timezone", pa.int32()))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=missing)


def _floored(microseconds: pa.Array) -> pa.Array:
    """Whole seconds, rounded down also before 1970."""
    seconds = pc.divide(microseconds, MICROSECONDS)
    ahead = pc.greater(pc.multiply(seconds, MICROSECONDS), microseconds)
    return pc.subtract(seconds, ahead.cast(pa.int64()))
