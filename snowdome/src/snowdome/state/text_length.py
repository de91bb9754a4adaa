"""Text too long for its column is refused, as in Snowflake; DuckDB's own VARCHAR has no length.

https://docs.snowflake.com/en/sql-reference/data-types-text: 100078 "String '…' is too long and would be truncated".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import Expr, exp

from snowdome.state.records import Table
from snowdome.types import LONGEST_TEXT, base, numbers


def checked(change: Expr, table: Table) -> Expr:
    """The INSERT, UPDATE or MERGE, whose texts are measured on their way into columns of this table."""
    limits = _limits(table)
    if not limits:
        return change
    match change:
        case exp.Insert():
            _insert(change, table, limits)
        case exp.Update():
            _assignments(change, limits)
        case exp.Merge():
            for when in change.find_all(exp.When):
                then = when.args.get("then")
                if isinstance(then, exp.Update):
                    _assignments(then, limits)
                elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                    _row(then.expression, _named(then.this, table), limits)
    return change


def _limits(table: Table) -> Mapping[str, int]:
    found = {
        column.name: numbers(column.type)[0] or LONGEST_TEXT
        for column in table.columns
        if base(column.type) == "VARCHAR"
    }
    return {name: length for name, length in found.items() if length < LONGEST_TEXT}


def _named(target: Expr | None, table: Table) -> list[str]:
    """The columns that are filled, in order: those listed, or all of the table."""
    listed = target.expressions if isinstance(target, (exp.Schema, exp.Tuple)) else ()
    return [column.name for column in listed] or [column.name for column in table.columns]


def _insert(change: exp.Insert, table: Table, limits: Mapping[str, int]) -> None:
    names, source = _named(change.this, table), change.expression
    if limits.keys().isdisjoint(names):
        return
    if isinstance(source, exp.Values):
        for row in source.expressions:
            _row(row, names, limits)
    elif isinstance(source, exp.Query):
        columns = [exp.to_identifier(f"c{i}", quoted=True) for i, _ in enumerate(names)]
        fitted = [_fit(exp.column(c.copy()), limits.get(name)) for c, name in zip(columns, names, strict=True)]
        alias = exp.TableAlias(this=exp.to_identifier("_filled"), columns=columns)
        inner = exp.Subquery(this=source, alias=alias)
        change.set("expression", exp.Select(expressions=fitted, from_=exp.From(this=inner)))


def _row(row: Expr, names: Sequence[str], limits: Mapping[str, int]) -> None:
    if not isinstance(row, exp.Tuple) or len(row.expressions) != len(names):
        return
    row.set(
        "expressions",
        [_fit(value, limits.get(name)) for value, name in zip(row.expressions, names, strict=True)],
    )


def _assignments(change: Expr, limits: Mapping[str, int]) -> None:
    for one in change.expressions:
        if isinstance(one, exp.EQ) and one.this.name in limits:
            one.set("expression", _fit(one.expression, limits[one.this.name]))


def _fit(value: Expr, length: int | None) -> Expr:
    default = isinstance(value, (exp.Var, exp.Null)) or (isinstance(value, exp.Column) and value.name == "DEFAULT")
    if length is None or default:
        return value
    return exp.Anonymous(this="_sd_fit", expressions=[value, exp.Literal.number(length)])
