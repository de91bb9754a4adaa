"""DuckDB macros for what Snowflake has and DuckDB and fakesnow have not."""

from __future__ import annotations

_TOO_LONG = "error('String ' || chr(39) || CAST(x AS VARCHAR) || chr(39) || ' is too long and would be truncated')"
_BUCKET = "CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1"

_SLICED = "list_slice(json_extract(to_json(a), '$[*]'), CASE WHEN f < 0 THEN f ELSE f + 1 END, {})"
_TEXTS = "list_transform(json_extract_string(to_json(a), '$[*]'), lambda v: coalesce(v, ''))"
_JOINED = f"coalesce(list_aggregate({_TEXTS}, 'string_agg', sep), '')"

_MACROS = (
    # https://docs.snowflake.com/en/sql-reference/functions/array_slice: the end is not included
    f"_sd_array_slice(a, f, e) AS to_json({_SLICED.format('CASE WHEN e < 0 THEN e - 1 ELSE e END')})",
    # https://docs.snowflake.com/en/sql-reference/functions/array_to_string: a missing element is an empty text
    f"_sd_array_to_string(a, sep) AS CASE WHEN a IS NOT NULL THEN {_JOINED} END",
    # https://docs.snowflake.com/en/sql-reference/data-types-text: what a column of n characters is filled with
    f"_sd_fit(x, n) AS CASE WHEN length(CAST(x AS VARCHAR)) > n THEN {_TOO_LONG} ELSE CAST(x AS VARCHAR) END",
    # https://docs.snowflake.com/en/sql-reference/functions/width_bucket
    f"width_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE {_BUCKET} END",
)


def creation_sql(catalog: str) -> str:
    """The statements that make these macros in a DuckDB catalog, again at each start."""
    return ";\n".join(f"CREATE OR REPLACE MACRO {catalog}.main.{macro}" for macro in _MACROS)
