"""Session variables in account statements: `IDENTIFIER($name)`, `SET COMMENT = $name`.

Sql-reference/session-variables: $name stands for the variable's value as a literal. Inside strings it is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from snowdome.errors import SqlError
from snowdome.sql.grammar.tokens import Kind, tokens


def filled(sql: str, variables: Mapping[str, str]) -> str:
    """The statement with the literals that its variables hold; one that was not set is Snowflake's error."""
    text, done = "", 0
    for sign, name in pairwise(tokens(sql)):
        if sign.text != "$" or name.kind is not Kind.WORD or name.start != sign.stop:
            continue
        if name.value not in variables:
            raise SqlError(904, "42000", f"SQL compilation error:\nSession variable '${name.value}' does not exist")
        text += sql[done : sign.start] + variables[name.value]
        done = name.stop
    return text + sql[done:]
