"""Session variables: SET works a value out once and keeps it as a literal (sql-reference/session-variables)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

from sqlglot import Expr, exp

from snowdome.errors import SqlError, syntax_error, unsupported
from snowdome.sql.grammar.tokens import quote_string

Evaluate = Callable[[Expr], object]
MOST_BYTES = 256


def change(variables: dict[str, str], expression: Expr, evaluate: Evaluate) -> None:
    """The variables of a SET have their values, those of an UNSET are gone."""
    if not isinstance(expression, exp.Set):
        for name in _unset(expression):
            variables.pop(name, None)
        return
    for item in expression.expressions:
        if not isinstance(item.this, exp.EQ):
            raise unsupported(expression.sql(dialect="snowflake"))
        found = {name: literal(_value(value, evaluate)) for name, value in _pairs(item.this)}
        for name, text in found.items():
            if len(text.encode()) > MOST_BYTES:
                message = f"Assignment to '{name}' not done because value exceeds size limit for variables."
                raise SqlError(1245, "22023", f"{message} Its size is {len(text.encode())}; the limit is {MOST_BYTES}.")
        variables.update(found)


def _unset(expression: Expr) -> Iterator[str]:
    word = expression.this if isinstance(expression, exp.Anonymous) else expression.this.name
    if str(word).upper() != "UNSET":
        raise syntax_error(f"unexpected '{word}'.")
    if isinstance(expression, exp.Alias):
        yield expression.alias.upper()
    else:
        yield from (one.name.upper() for one in expression.expressions)


def _pairs(assignment: exp.EQ) -> list[tuple[str, Expr]]:
    """Each name with its value: `a = 1` or `(a, b) = (1, 2)`."""
    if not isinstance(assignment.this, exp.Tuple):
        return [(assignment.this.name.upper(), assignment.expression)]
    names, values = assignment.this.expressions, assignment.expression
    if not isinstance(values, exp.Tuple) or len(values.expressions) != len(names):
        raise unsupported(f"SET {assignment.sql(dialect='snowflake')}")
    return [(name.name.upper(), value) for name, value in zip(names, values.expressions, strict=True)]


def _value(value: Expr, evaluate: Evaluate) -> object:
    if isinstance(value, exp.Literal) and value.is_string:
        return value.name
    return evaluate(value)


def literal(value: object) -> str:
    """The value as SQL that reads back as itself."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            kind = "TIMESTAMP_NTZ" if value.tzinfo is None else "TIMESTAMP_TZ"
            return f"'{value.isoformat(sep=' ')}'::{kind}"
        case date():
            return f"'{value.isoformat()}'::DATE"
        case str():
            return quote_string(value)
        case _:
            raise unsupported(f"a session variable of type {type(value).__name__}")
