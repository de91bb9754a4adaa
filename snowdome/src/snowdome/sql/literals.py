"""Bound values written into the statement, where what reads them is not DuckDB.

Those are the arguments of table functions, and the names of objects in account statements.
"""

from __future__ import annotations

import sqlglot
from sqlglot import Expr, exp

from snowdome.types import Parameters


def written(sql: str, parameters: Parameters) -> str:
    """The text with its values in place of `?`, where it names an object by one of them: IDENTIFIER(?)."""
    if not isinstance(parameters, list) or "identifier" not in sql.lower():
        return sql
    text, end, values = "", 0, iter(parameters)
    for token in sqlglot.tokenize(sql, read="snowflake"):
        if token.token_type == sqlglot.TokenType.PLACEHOLDER:
            text += sql[end : token.start] + exp.convert(next(values)).sql(dialect="snowflake")
            end = token.end + 1
    return text + sql[end:]


def placed(expression: Expr, parameters: Parameters) -> tuple[Expr, Parameters]:
    """The statement and what is still to be bound; nothing has changed where no table function takes a value."""
    calls = expression.find_all(exp.TableFromRows)
    if not isinstance(parameters, list) or not any(call.find(exp.Placeholder) for call in calls):
        return expression, parameters
    for place, placeholder in enumerate(list(expression.find_all(exp.Placeholder, bfs=False))):
        number = int(placeholder.name) - 1 if placeholder.name.isdigit() else place
        placeholder.replace(exp.convert(parameters[number]))
    return expression, None
