"""From text to sqlglot's tree, with the session's variables put in."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import sqlglot
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, TokenError

from snowdome.errors import SqlError, several_statements, syntax_error, unsupported

# what sqlglot cannot read becomes a Command, which is refused by name: its warning would only repeat that
logging.getLogger("sqlglot").setLevel(logging.ERROR)
_UNREAD = re.compile(r"(?P<flow>->>)|^\s*(?P<block>(?:BEGIN|DECLARE)\s)", re.IGNORECASE)
_WORDS = {
    "flow": "->> (a statement that reads the answer of the one before)",
    "block": "Snowflake Scripting (BEGIN … END)",
}
_COLOURS = re.compile(r"\x1b\[\d*m")


def parse(variables: Mapping[str, str] | None, sql: str) -> Expr:
    """The one statement that the text is."""
    try:
        found = _read(sql)
    except ParseError as problem:
        if (refused := _UNREAD.search(_without_comments(sql))) is not None:
            raise unsupported(_WORDS[refused.lastgroup or ""]) from None
        raise syntax_error(_unexpected(problem)) from None
    except TokenError as problem:
        raise syntax_error(_COLOURS.sub("", str(problem)).split("\n", 1)[0]) from None
    if not found:
        raise SqlError(900, "42601", "SQL compilation error:\nEmpty SQL statement.")
    if len(found) != 1:
        raise several_statements(len(found))
    expression = found[0]
    if variables is not None and "$" in sql:
        expression = _with_variables(variables, expression)
    return expression


_COMMENT = re.compile(r"""('(?:\\.|''|[^'\\])*'|"(?:""|[^"])*"|\$\$.*?\$\$)|/\*.*?\*/|--[^\n]*|//[^\n]*""", re.DOTALL)


def _read(sql: str) -> list[Expr]:
    """The statements; a comment between two words that make one keyword (`PRIMARY/**/KEY`) is a space to Snowflake."""
    try:
        found = sqlglot.parse(sql, read="snowflake")
    except ParseError:
        bare = _without_comments(sql)
        if bare == sql:
            raise
        found = sqlglot.parse(bare, read="snowflake")
    return [one for one in found if one is not None and not isinstance(one, exp.Semicolon)]


def _without_comments(sql: str) -> str:
    """Return the text with a blank in place of each comment."""
    return _COMMENT.sub(lambda part: part[1] or " ", sql)


def _unexpected(problem: ParseError) -> str:
    """Where the text stops being a statement, in Snowflake's words; sqlglot points to the end of the word there."""
    found = problem.errors[0] if problem.errors else {}
    word = str(found.get("highlight") or "<EOF>")
    if not found.get("line"):
        return _COLOURS.sub("", str(problem)).split("\n", 1)[0]
    position = max(0, int(found["col"]) - len(word))
    return f"syntax error line {found['line']} at position {position} unexpected '{word}'."


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


def _with_variables(variables: Mapping[str, str], expression: Expr) -> Expr:
    for parameter in list(expression.find_all(exp.Parameter)):
        name = parameter.name.upper()
        if name.isdigit():
            continue
        if name not in variables:
            raise SqlError(904, "42000", f"SQL compilation error:\nSession variable '${name}' does not exist")
        parameter.replace(sqlglot.parse_one(variables[name], read="snowflake"))
    return expression
