"""Snowflake's expressions in DuckDB's words: fakesnow's transforms, each run only where it has something to do."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
from fakesnow import transforms
from fakesnow.transforms import ddl
from sqlglot import Expr, exp

from snowdome.sql import dialect, offsets

Transform = Callable[[Expr], Expr]


def division_by_zero(expression: Expr) -> Expr:
    """A division whose divisor is zero is an error, as in Snowflake; DuckDB would answer infinity."""
    if not isinstance(expression, exp.Div):
        return expression
    divisor = expression.expression
    known = isinstance(divisor, (exp.Literal, exp.Nullif)) and divisor.name not in ("0", "0.0")
    if known or divisor.find(exp.Placeholder):
        return expression
    zero = exp.EQ(this=exp.Paren(this=divisor.copy()), expression=exp.Literal.number(0))
    refusal = exp.Anonymous(this="error", expressions=[exp.Literal.string("Division by zero")])
    expression.set("expression", exp.Case(ifs=[exp.If(this=zero, true=refusal)], default=divisor.copy()))
    return expression


# In fakesnow's order, which matters (see the comments in its cursor). A transform runs when one of the node types it
# looks for is in the statement, or could have been put there by an earlier transform.
_TRANSFORMS: tuple[tuple[Transform, frozenset[type[Expr]]], ...] = (
    (dialect.column_by_number, frozenset({exp.Parameter})),
    (dialect.to_timestamp_tz, frozenset({exp.Anonymous})),
    (dialect.date_trunc, frozenset({exp.DateTrunc, exp.TimestampTrunc})),
    (dialect.date_add, frozenset({exp.DateAdd})),
    (dialect.to_char, frozenset({exp.ToChar})),
    (dialect.cut_text, frozenset({exp.DataTypeParam})),
    (dialect.convert_timezone, frozenset({exp.ConvertTimezone})),
    (dialect.to_binary, frozenset({exp.ToBinary})),
    (dialect.array_slice, frozenset({exp.ArraySlice})),
    (dialect.array_to_string, frozenset({exp.ArrayToString})),
    (dialect.american_date, frozenset({exp.Cast, exp.DateDiff})),
    (dialect.now, frozenset({exp.CurrentTimestamp})),
    (dialect.ratio_to_report, frozenset({exp.Window})),
    (transforms.current_version, frozenset({exp.CurrentVersion})),
    (offsets.padded, frozenset({exp.Cast, exp.Anonymous, exp.TsOrDsToTimestamp})),
    (transforms.semi_structured_types, frozenset({exp.DataType})),
    (transforms.try_parse_json, frozenset({exp.Anonymous})),
    (transforms.split, frozenset({exp.Split})),
    (transforms.trim_cast_varchar, frozenset({exp.Trim})),
    (transforms.indices_to_json_extract, frozenset({exp.Bracket})),
    (transforms.json_extract_cast_as_varchar, frozenset({exp.JSONExtract, exp.Bracket})),
    (transforms.json_extract_cased_as_varchar, frozenset({exp.JSONExtract, exp.Bracket})),
    (transforms.json_extract_precedence, frozenset({exp.JSONExtract, exp.JSONExtractScalar, exp.Bracket})),
    (transforms.flatten_value_cast_as_varchar, frozenset({exp.Explode})),
    (transforms.flatten, frozenset({exp.Explode})),
    (transforms.regex_replace, frozenset({exp.RegexpReplace})),
    (transforms.regex_substr, frozenset({exp.RegexpExtract})),
    (transforms.values_columns, frozenset({exp.Values})),
    (transforms.to_date, frozenset({exp.Anonymous})),
    (transforms.timestamp_offsets, frozenset({exp.Cast})),
    (transforms.to_decimal, frozenset({exp.ToNumber})),
    (transforms.to_timestamp, frozenset({exp.UnixToTime, exp.Anonymous, exp.Cast})),
    (transforms.to_variant, frozenset({exp.ToVariant})),
    (transforms.object_construct, frozenset({exp.StarMap, exp.Struct, exp.JSONObject})),
    (transforms.timestamp_ntz, frozenset({exp.DataType})),
    (transforms.float_to_double, frozenset({exp.DataType})),
    (transforms.integer_precision, frozenset({exp.DataType, exp.ToNumber})),
    (transforms.sample, frozenset({exp.TableSample})),
    (transforms.array_size, frozenset({exp.ArraySize})),
    (transforms.random, frozenset({exp.Rand})),
    (transforms.array_agg_within_group, frozenset({exp.ArrayAgg})),
    (transforms.array_agg, frozenset({exp.ArrayAgg})),
    (transforms.object_agg, frozenset({exp.ObjectAgg})),
    (transforms.array_construct_etc, frozenset({exp.Array, exp.ArrayConstructCompact, exp.ArrayConcat})),
    (transforms.dateadd_date_cast, frozenset({exp.DateAdd})),
    (transforms.dateadd_string_literal_timestamp_cast, frozenset({exp.DateAdd})),
    (transforms.datediff_string_literal_timestamp_cast, frozenset({exp.DateDiff})),
    (transforms.haversine, frozenset({exp.Anonymous})),
    (transforms.hex_string, frozenset({exp.HexString})),
    (transforms.sha256, frozenset({exp.SHA2, exp.SHA2Digest, exp.Anonymous})),
    (division_by_zero, frozenset({exp.Div})),
    (transforms.alias_in_join, frozenset({exp.Join})),
    (transforms.alias_in_where, frozenset({exp.StarMap, exp.Struct, exp.JSONObject})),
)


def translate(expression: Expr) -> Expr:
    """The expression, changed in place where it can be, in words DuckDB understands."""
    present = {type(node) for node in expression.walk()}
    for transform, triggers in _TRANSFORMS:
        if not present.isdisjoint(triggers):
            changed: Expr = expression.transform(transform, copy=False)
            expression = changed
    return expression


def translate_create(expression: Expr, duck: duckdb.DuckDBPyConnection) -> list[Expr]:
    """A CREATE TABLE as the statements that make it (an autoincrement column needs a sequence first)."""
    return [transforms.create_table_as(translate(e), duck) for e in ddl.create_table_autoincrement(expression)]


def with_numeric_casts(expression: Expr) -> Expr:
    """The expression with text summed as numbers, which Snowflake allows and DuckDB refuses."""
    changed: Expr = expression.transform(transforms.numeric_agg_implicit_cast, copy=False)
    return changed
