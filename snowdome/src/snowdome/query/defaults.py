"""Columns that default to a moment: said in the statement where the account's clock is driven, which DuckDB's is not.

https://docs.snowflake.com/en/sql-reference/sql/create-table, DEFAULT
"""

from __future__ import annotations

from fakesnow.dialect import parse_one
from sqlglot import Expr, exp

from snowdome.query.functions import TIME_NODES
from snowdome.query.identifiers import normalise
from snowdome.state.records import Table

_WORD = "DEFAULT"


def said(expression: Expr, table: Table) -> Expr:
    """The INSERT or MERGE with those defaults as values of it; anything else as it is."""
    moments = _moments(table)
    if not moments:
        return expression
    if isinstance(expression, exp.Insert):
        _insert(expression, table, moments)
    elif isinstance(expression, exp.Merge):
        for when in expression.find_all(exp.When):
            if isinstance(then := when.args.get("then"), exp.Insert):
                _branch(then, table, moments)
    return expression


def _moments(table: Table) -> dict[str, Expr]:
    """The column's name and its default, of those that ask what time it is."""
    found = {one.name: normalise(parse_one(one.default)) for one in table.columns if one.default is not None}
    return {name: default for name, default in found.items() if default.find(*TIME_NODES) is not None}


def _insert(insert: exp.Insert, table: Table, moments: dict[str, Expr]) -> None:
    named = insert.this.expressions if isinstance(insert.this, exp.Schema) else []
    names = [one.name for one in named] or [one.name for one in table.columns]
    missing = {name: value for name, value in moments.items() if named and name not in names}
    source = insert.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            if isinstance(row, exp.Tuple):
                _replace(row.expressions, names, moments)
                row.set("expressions", [*row.expressions, *(one.copy() for one in missing.values())])
    elif missing and isinstance(source, exp.Select) and source.args.get("from_") is None:
        source.select(*(one.copy() for one in missing.values()), copy=False)
    elif missing and isinstance(source, exp.Query):
        whole = exp.select("*", *(one.copy() for one in missing.values())).from_(source.subquery("SAID"))
        insert.set("expression", whole)
    for name in missing:
        insert.this.append("expressions", exp.to_identifier(name, quoted=True))


def _branch(then: exp.Insert, table: Table, moments: dict[str, Expr]) -> None:
    """What MERGE inserts: a tuple of columns, a tuple of values."""
    columns, values = then.this, then.expression
    if not isinstance(values, exp.Tuple):
        return
    names = [one.name for one in (columns.expressions if isinstance(columns, exp.Tuple) else table.columns)]
    _replace(values.expressions, names, moments)
    if isinstance(columns, exp.Tuple):
        for name in moments.keys() - set(names):
            columns.append("expressions", exp.column(exp.to_identifier(name, quoted=True)))
            values.append("expressions", moments[name].copy())


def _replace(values: list[Expr], names: list[str], moments: dict[str, Expr]) -> None:
    """The word DEFAULT in the place of such a column."""
    for name, value in zip(names, values, strict=False):
        if name in moments and isinstance(value, (exp.Column, exp.Var)) and value.name.upper() == _WORD:
            value.replace(moments[name].copy())
