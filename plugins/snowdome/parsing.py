"""From text to sqlglot's tree, with the session's variables put in."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, TokenError

from snowdome.errors import SqlError, syntax_error

if TYPE_CHECKING:
    from snowdome.session import Session

# what sqlglot cannot read becomes a Command, which is refused by name: its warning would only repeat that
logging.getLogger("sqlglot").setLevel(logging.ERROR)
_COLOURS = re.compile(r"\x1b\[\d*m")


def parse(session: Session | None, sql: str) -> Expr:
    """The one statement that the text is."""
    try:
        found = [e for e in sqlglot.parse(sql, read="snowflake") if e is not None and not isinstance(e, exp.Semicolon)]
    except (ParseError, TokenError) as problem:
        raise syntax_error(_COLOURS.sub("", str(problem)).split("\n", 1)[0]) from None
    if len(found) != 1:
        raise SqlError(8, "0A000", f"Actual statement count {len(found)} did not match the desired statement count 1.")
    expression = found[0]
    if session is not None and "$" in sql:
        expression = _with_variables(session, expression)
    return expression


def split(sql: str) -> list[str]:
    """The statements of a text, each as written."""
    tokens = sqlglot.tokenize(sql, read="snowflake")
    statements: list[str] = []
    start: int | None = None
    end = 0
    for token in tokens:
        if token.token_type == sqlglot.TokenType.SEMICOLON:
            if start is not None:
                statements.append(sql[start : end + 1])
            start = None
            continue
        start = token.start if start is None else start
        end = token.end
    if start is not None:
        statements.append(sql[start : end + 1])
    return statements


def _with_variables(session: Session, expression: Expr) -> Expr:
    for parameter in list(expression.find_all(exp.Parameter)):
        name = parameter.name.upper()
        if name.isdigit():
            continue
        if name not in session.variables:
            raise SqlError(904, "42000", f"SQL compilation error:\nSession variable '${name}' does not exist")
        parameter.replace(sqlglot.parse_one(session.variables[name], read="snowflake"))
    return expression
