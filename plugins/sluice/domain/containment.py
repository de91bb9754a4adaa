"""Whether a view would follow its database through a swap: its text may name no database that is swapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


def named_databases(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return which of these databases the body of a view names; what it is itself called does not count."""
    wanted = {name.upper() for name in names}
    present = {name for name in wanted if name in text.upper()}
    if not present:
        return ()
    try:
        tree = sqlglot.parse_one(text, dialect="snowflake")
    except SqlglotError:
        return tuple(sorted(_by_tokens(text) & present))
    if isinstance(tree, exp.Create):
        body = tree.expression
        if not isinstance(body, exp.Expr):
            return tuple(sorted(_by_tokens(text) & present))
        tree = body
    return tuple(sorted(_by_tree(tree) & present))


def escapes(texts: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return one line for each view whose text names one of these databases."""
    wanted = tuple(names)
    found = ((view, named_databases(text, wanted)) for view, text in sorted(texts.items()))
    return tuple(f"{view} names {', '.join(databases)}" for view, databases in found if databases)


def _by_tree(tree: exp.Expr) -> set[str]:
    """Every database the statement names: of tables, of columns spelt out in full, of functions, in literal names."""
    found = {table.catalog.upper() for table in tree.find_all(exp.Table) if table.catalog}
    found |= {column.catalog.upper() for column in tree.find_all(exp.Column) if column.catalog}
    for dot in tree.find_all(exp.Dot):
        first: exp.Expr = dot
        while isinstance(first, exp.Dot):
            first = first.this
        found.add(first.name.upper())
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and literal.name.count(".") > 1:
            found.add(literal.name.split(".")[0].strip('"').upper())
    return found


def _by_tokens(text: str) -> set[str]:
    """Every name that starts a dotted chain of three: for text that sqlglot cannot read, strictly."""
    try:
        tokens = sqlglot.tokenize(text, dialect="snowflake")
    except SqlglotError:
        return {word.strip('"').upper() for word in text.replace(".", " ").split()}
    is_dot = [token.text == "." for token in tokens]
    starts = [index - 1 for index, dot in enumerate(is_dot) if dot and index and not (index > 1 and is_dot[index - 2])]
    if tokens[0].text.upper() == "CREATE":
        starts = starts[1:]  # what the view itself is called
    return {tokens[start].text.upper() for start in starts if start + 3 < len(tokens) and is_dot[start + 3]}
