"""Whether a view would follow its database through a swap: its text may name no database that is swapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from sluice.domain.names import as_account_has


def named_databases(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return which of these databases the body of a view names; what it is itself called does not count."""
    capitals = text.upper()
    present = {name for name in names if name.replace('"', '""').upper() in capitals}
    if not present:
        return ()
    try:
        tree = sqlglot.parse_one(text, dialect="snowflake")
    except SqlglotError:
        return tuple(sorted(_by_tokens(text, present)))
    if isinstance(tree, exp.Create):
        body = tree.expression
        if not isinstance(body, exp.Expr):
            return tuple(sorted(_by_tokens(text, present)))
        tree = body
    return tuple(sorted(_by_tree(tree) & present))


def escapes(texts: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return one line for each view whose text names one of these databases."""
    databases_ = tuple(names)
    named = ((view, named_databases(text, databases_)) for view, text in sorted(texts.items()))
    return tuple(f"{view} names {', '.join(databases)}" for view, databases in named if databases)


def _by_tree(tree: exp.Expr) -> set[str]:
    """Every database the statement names: of tables, of columns spelt out in full, of functions, in literal names."""
    catalogs = (node.args.get("catalog") for node in tree.find_all(exp.Table, exp.Column))
    databases = {_account_name(catalog) for catalog in catalogs if catalog is not None}
    for dot in tree.find_all(exp.Dot):
        first: exp.Expr = dot
        while isinstance(first, exp.Dot):
            first = first.this
        databases.add(_account_name(first))
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and literal.name.count(".") > 1:
            databases |= {part.name for part in as_account_has(literal.name)[:1]}
    return databases


def _account_name(node: exp.Expr) -> str:
    """A name as the account keeps it: in capitals unless it is quoted."""
    identifier = node if isinstance(node, exp.Identifier) else node.find(exp.Identifier)
    return node.name.upper() if identifier is None or not identifier.quoted else identifier.name


def _by_tokens(text: str, present: set[str]) -> set[str]:
    """Those that start a dotted chain of three: for text that sqlglot cannot read, strictly."""
    try:
        tokens = sqlglot.tokenize(text, dialect="snowflake")
    except SqlglotError:
        return present  # nothing reads it: whatever its text holds counts as named
    is_dot = [token.text == "." for token in tokens]
    starts = [index - 1 for index, dot in enumerate(is_dot) if dot and index and not (index > 1 and is_dot[index - 2])]
    if tokens[0].text.upper() == "CREATE":
        starts = starts[1:]  # what the view itself is called
    chains = [tokens[start] for start in starts if start + 3 < len(tokens) and is_dot[start + 3]]
    return present & {
        token.text if token.token_type is TokenType.IDENTIFIER else token.text.upper() for token in chains
    }
