"""Names as they are meant: in upper case unless quoted; IDENTIFIER('…') and IDENTIFIER(?) come as a text, or bound.

https://docs.snowflake.com/en/sql-reference/identifier-literal: the text is a name as it would be written, dots and
quotes included.
"""

from __future__ import annotations

import functools

import duckdb
from fakesnow.params import pop_qmark_param
from sqlglot import Expr, exp

from snowdome.errors import unsupported
from snowdome.sql.grammar.cursor import Cursor


def is_dynamic(node: Expr) -> bool:
    """Whether the reference names its object in that way."""
    if isinstance(node, exp.Table):
        return isinstance(node.this, exp.Anonymous) and node.name.upper() == "IDENTIFIER"
    return isinstance(node, exp.DynamicIdentifier)


def named(node: Expr, parameters: list[object] | None) -> Expr:
    """The reference with the name that was meant; the bound value it used is gone from the parameters."""
    if not isinstance(node, exp.Table):
        return node
    dynamic = is_dynamic(node)
    if not dynamic and not isinstance(node.this, exp.DynamicIdentifier):
        return node
    argument = node.this.expressions[0] if dynamic else node.this.this
    if isinstance(argument, exp.Placeholder):
        if parameters is None:
            raise unsupported("IDENTIFIER(?) without a value bound by position")
        text = str(pop_qmark_param(parameters, argument.root(), argument))
    else:
        text = argument.name
    cursor = Cursor(text)
    parts = [exp.to_identifier(part, quoted=True) for part in cursor.name().parts]
    cursor.end()
    padded = [None, None, *parts]
    for role, part in zip(("this", "db", "catalog"), reversed(padded[-3:]), strict=True):
        node.set(role, part)
    return node


def normalise(expression: Expr, parameters: list[object] | None = None) -> Expr:
    """The expression with IDENTIFIER(…) read and unquoted identifiers in upper case."""
    nodes = list(expression.walk())
    if any(map(is_dynamic, nodes)):
        expression = expression.transform(lambda e: named(e, parameters), copy=False)
        nodes = list(expression.walk())
    for identifier in nodes:
        if isinstance(identifier, exp.Identifier) and not identifier.quoted:
            name = identifier.name.upper()
            identifier.set("this", name)
            if name in duck_words():
                identifier.set("quoted", True)
    return expression


@functools.cache
def duck_words() -> frozenset[str]:
    """The words that DuckDB reserves, and Snowflake may not: as names they have to be quoted."""
    query = "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        return frozenset(word for (word,) in connection.execute(query).fetchall())
