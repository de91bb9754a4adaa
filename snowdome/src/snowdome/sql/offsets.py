"""Offsets from UTC as Snowflake reads them: `-0` and `+1` are hours, which DuckDB wants in two digits.

https://docs.snowflake.com/en/sql-reference/date-time-input-output, elements TZH and TZM
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import Expr, exp

_SHORT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?\s*[+-]\d")
_MAKERS = (exp.Cast, exp.Anonymous, exp.TsOrDsToTimestamp, exp.StrToTime)


def padded(node: Expr) -> Expr:
    """A literal moment that is cast or converted, its offset in two digits."""
    if not (isinstance(node, exp.Literal) and node.is_string and isinstance(node.parent, _MAKERS)):
        return node
    if isinstance(node.parent, exp.Cast) and node.parent.to.this not in exp.DataType.TEMPORAL_TYPES:
        return node
    return _pad(node)


def filled(insert: Expr, types: Mapping[str, str]) -> Expr:
    """The INSERT, literals on their way into columns of moments likewise; `types` are those of the table's columns."""
    source = insert.expression if isinstance(insert, exp.Insert) else None
    if not isinstance(source, exp.Values):
        return insert
    named = insert.this.expressions if isinstance(insert.this, exp.Schema) else []
    names = [column.name for column in named] or list(types)
    moments = [place for place, name in enumerate(names) if types.get(name, "").startswith("TIMESTAMP")]
    for row in source.expressions:
        for place in moments:
            if place < len(row.expressions) and isinstance(value := row.expressions[place], exp.Literal):
                value.replace(_pad(value))
    return insert


def _pad(node: exp.Literal) -> exp.Literal:
    text = str(node.this)
    return exp.Literal.string(f"{text[:-1]}0{text[-1]}") if node.is_string and _SHORT.fullmatch(text) else node
