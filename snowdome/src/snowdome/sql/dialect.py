"""Snowflake's functions in DuckDB's words where fakesnow and sqlglot leave them wrong: each changes one node."""

from __future__ import annotations

import re

from sqlglot import Expr, exp

from snowdome.errors import unsupported

_WHOLE_DAYS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})

# https://docs.snowflake.com/en/sql-reference/date-time-input-output: elements are matched whatever their case
_ELEMENTS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "MI": "%M",
    "SS": "%S",
    "FF9": "%n",
    "FF6": "%f",
    "FF3": "%g",
    "FF0": "",
    "FF": "%n",
    "AM": "%p",
    "PM": "%p",
}
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_FORMAT = re.compile(r'"([^"]*)"|(FF[124578]|TZ[HMD:]+)|(' + "|".join(_ELEMENTS) + r")|(.)", re.IGNORECASE | re.DOTALL)


_ZONED = {
    "TO_TIMESTAMP_TZ": (exp.Cast, exp.DataType.Type.TIMESTAMPTZ),
    "TO_TIMESTAMP_LTZ": (exp.Cast, exp.DataType.Type.TIMESTAMPLTZ),
    "TRY_TO_TIMESTAMP_TZ": (exp.TryCast, exp.DataType.Type.TIMESTAMPTZ),
    "TRY_TO_TIMESTAMP_LTZ": (exp.TryCast, exp.DataType.Type.TIMESTAMPLTZ),
}


def to_timestamp_tz(node: Expr) -> Expr:
    """TO_TIMESTAMP_TZ and its kin of what is no literal: a cast.

    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    """
    if not isinstance(node, exp.Anonymous) or len(node.expressions) != 1 or node.name.upper() not in _ZONED:
        return node
    cast, kind = _ZONED[node.name.upper()]
    return cast(this=node.expressions[0], to=exp.DataType(this=kind))


def date_trunc(node: Expr) -> Expr:
    """DATE_TRUNC and TRUNC of a date: the type of what is truncated stays; text is a timestamp.

    https://docs.snowflake.com/en/sql-reference/functions/date_trunc
    """
    if not isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) or node.this.find(exp.Placeholder):
        return node
    value = _moment(node.this)
    unit = exp.Literal.string(node.text("unit"))
    return _typed(exp.Anonymous(this="date_trunc", expressions=[unit, value.copy()]), value)


def date_add(node: Expr) -> Expr:
    """DATEADD of whole days: a DATE stays a DATE; text is a timestamp.

    https://docs.snowflake.com/en/sql-reference/functions/dateadd
    """
    if not isinstance(node, exp.DateAdd) or node.text("unit").upper() not in _WHOLE_DAYS:
        return node
    if node.find(exp.Placeholder):  # said twice below, bound once
        return node
    value = _moment(node.this)
    step = exp.Interval(this=exp.Paren(this=node.expression), unit=node.args["unit"])
    return _typed(exp.Paren(this=exp.Add(this=exp.Paren(this=value.copy()), expression=step)), value)


def _typed(changed: Expr, value: Expr) -> Expr:
    """What came of the value, in the type of the value, which only DuckDB knows."""
    return exp.Anonymous(this="cast_to_type", expressions=[changed, value])


def _moment(value: Expr) -> Expr:
    return exp.cast(value, "TIMESTAMP") if isinstance(value, exp.Literal) and value.is_string else value


def to_char(node: Expr) -> Expr:
    """TO_CHAR and TO_VARCHAR with a date's format; DuckDB refuses it for what is no date.

    https://docs.snowflake.com/en/sql-reference/functions/to_char
    """
    if not isinstance(node, exp.ToChar) or not (shape := node.args.get("format")):
        return node
    if not isinstance(shape, exp.Literal):
        raise unsupported("TO_CHAR with a format that is not a literal")
    return exp.Anonymous(this="strftime", expressions=[node.this, exp.Literal.string(strftime(shape.name))])


def strftime(shape: str) -> str:
    """Snowflake's date format as DuckDB's; an element without a counterpart is refused by name."""
    parts = []
    for found in _FORMAT.finditer(shape):
        quoted, unknown, element, plain = found.groups()
        if unknown is not None:
            raise unsupported(f"the date format element {unknown}")
        if element is not None:
            parts.append(_ELEMENTS[element.upper()])
        else:
            parts.append((quoted if quoted is not None else plain).replace("%", "%%"))
    return "".join(parts)


def cut_text(node: Expr) -> Expr:
    """An explicit cast to VARCHAR(n) keeps the first n characters.

    https://docs.snowflake.com/en/sql-reference/functions/cast; TRY_CAST and a column's own type refuse longer text.
    """
    if type(node) is not exp.Cast or node.to.this not in exp.DataType.TEXT_TYPES:
        return node
    length = node.to.find(exp.DataTypeParam)
    if length is None or isinstance(node.parent, exp.Left):
        return node
    return exp.Left(this=node, expression=exp.Literal.number(length.name))


def convert_timezone(node: Expr) -> Expr:
    """CONVERT_TIMEZONE('UTC', moment) as a column is a moment with its zone."""
    if not isinstance(node, exp.ConvertTimezone) or node.args.get("source_tz") is not None:
        return node
    zone = node.args.get("target_tz")
    shown = isinstance(node.parent, (exp.Select, exp.Alias))
    if not shown or not isinstance(zone, exp.Literal) or zone.name.upper() != "UTC":
        return node
    return exp.cast(node.args["timestamp"], "TIMESTAMPTZ")


def to_binary(node: Expr) -> Expr:
    """TO_BINARY reads hexadecimal digits by default.

    https://docs.snowflake.com/en/sql-reference/functions/to_binary
    """
    if not isinstance(node, exp.ToBinary):
        return node
    shape = node.args.get("format")
    name = {"HEX": "unhex", "UTF-8": "encode", "UTF8": "encode", "BASE64": "from_base64"}.get(
        shape.name.upper() if shape is not None else "HEX"
    )
    if name is None:
        raise unsupported(f"TO_BINARY(…, {shape.sql() if shape is not None else ''})")
    return exp.Anonymous(this=name, expressions=[node.this])


def ratio_to_report(node: Expr) -> Expr:
    """RATIO_TO_REPORT(x) OVER (w) is x by the sum of x over w, and NULL where that is zero."""
    if not isinstance(node, exp.Window) or node.this.name.upper() != "RATIO_TO_REPORT":
        return node
    part = node.this.expressions[0]
    total = node.copy()
    total.set("this", exp.Sum(this=part.copy()))
    return exp.Paren(
        this=exp.Div(
            this=exp.cast(exp.Paren(this=part.copy()), "DOUBLE"),
            expression=exp.Nullif(this=total, expression=exp.Literal.number(0)),
        )
    )


def array_slice(node: Expr) -> Expr:
    """ARRAY_SLICE of an array, whatever DuckDB holds it as."""
    if not isinstance(node, exp.ArraySlice):
        return node
    bounds = [node.args["start"], node.args["end"]]
    return exp.Anonymous(this="_sd_array_slice", expressions=[node.this, *bounds])


def array_to_string(node: Expr) -> Expr:
    """ARRAY_TO_STRING of an array, whatever DuckDB holds it as."""
    if not isinstance(node, exp.ArrayToString):
        return node
    return exp.Anonymous(this="_sd_array_to_string", expressions=[node.this, node.expression])


def american_date(node: Expr) -> Expr:
    """A literal MM/DD/YYYY that is cast, or that DATEDIFF counts from or to, is a date as well: AUTO detects it.

    https://docs.snowflake.com/en/sql-reference/date-time-input-output, date formats
    """
    if isinstance(node, exp.DateDiff):
        places: tuple[str, ...] = ("this", "expression")
    elif isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEMPORAL_TYPES:
        places = ("this",)
    else:
        return node
    for place in places:
        text = node.args.get(place)
        if isinstance(text, exp.Literal) and text.is_string and (found := _AMERICAN.fullmatch(text.name)):
            month, day, year = found.groups()
            node.set(place, exp.Literal.string(f"{year}-{int(month):02}-{int(day):02}"))
    return node


def now(node: Expr) -> Expr:
    """CURRENT_TIMESTAMP as a function of DuckDB's: the bare word would be taken for an alias of that name."""
    if not isinstance(node, exp.CurrentTimestamp) or node.args.get("sysdate"):
        return node
    return exp.Anonymous(this="now", expressions=[])


def column_by_number(node: Expr) -> Expr:
    """`$1` in a query over VALUES is its first column."""
    if not isinstance(node, exp.Parameter) or not node.name.isdigit():
        return node
    select = node.find_ancestor(exp.Select)
    source = select.args.get("from_") if select else None
    if source is None or not isinstance(source.this, exp.Values) or source.this.alias_column_names:
        return node
    return exp.column(f"COLUMN{node.name}")
