"""The account statements of Snowflake, strictly: what is not known is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from snowdome.errors import unsupported
from snowdome.sql.grammar import automata_alter, verbs
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.tokens import Kind, first_word
from snowdome.sql.grammar.variables import filled
from snowdome.sql.grammar.verbs import Statement

__all__ = ["Statement", "parse"]

T = TypeVar("T")
BY_KIND: Mapping[str, Mapping[str, verbs.Reader]] = {
    "ALTER": verbs.ALTER,
    "DROP": verbs.DROP,
    "UNDROP": verbs.UNDROP,
}
REFUSED_VERBS = frozenset({"EXECUTE"})
ACCOUNT_VERBS = frozenset(verbs.WHOLE) | frozenset(BY_KIND) | REFUSED_VERBS | {"CREATE"}


def parse(sql: str, variables: Mapping[str, str] | None = None) -> Statement | None:
    """The account statement that the text is, or None where it is for the data side.

    `variables` are the session's, as literals; without them `$name` stays as it is. Raises SqlError for an account
    statement that is wrong, and names what is not supported.
    """
    verb = first_word(sql)
    if verb not in ACCOUNT_VERBS:
        return None
    if variables is not None and "$" in sql:
        sql = filled(sql, variables)
    cursor = Cursor(sql)
    cursor.take()
    if verb == "CREATE":
        return _create(cursor)
    if verb in BY_KIND:
        _, reader = _by_kind(cursor, verb, BY_KIND[verb])
        return reader(cursor)
    if verb == "EXECUTE" and cursor.accept("TASK"):
        return automata_alter.execute_task(cursor)
    if verb in REFUSED_VERBS:
        _refuse(cursor, verb)
        return None
    return verbs.WHOLE[verb](cursor)


def _create(cursor: Cursor) -> Statement | None:
    how = How.PLAIN
    if cursor.accept("OR"):
        how = How.OR_REPLACE if cursor.expect_any("REPLACE", "ALTER") == "REPLACE" else How.OR_ALTER
    words: set[str] = set()
    while found := cursor.accept_any(*verbs.MODIFIERS):
        words.add(found)
    kind, creator = _by_kind(cursor, "CREATE", verbs.CREATE)
    for word in words:
        if kind not in verbs.MODIFIERS[word]:
            raise cursor.unexpected()
    return creator(cursor, how, frozenset(words))


def _by_kind(cursor: Cursor, verb: str, known: Mapping[str, T]) -> tuple[str, T]:
    """The longest kind that is written here, taken, and what reads it; a kind without a reader is refused by name."""
    for length in (3, 2, 1):
        words = [cursor.peek(i).value for i in range(length)]
        kind = " ".join(words)
        if (kind in known or kind in verbs.KNOWN_KINDS) and cursor.accept(*words):
            if kind not in known:
                raise unsupported(f"{verb} {kind}")
            return kind, known[kind]
    if cursor.peek().kind is Kind.WORD and cursor.peek(1).text == ".":
        raise unsupported(f"{verb} {cursor.name()}")
    raise cursor.unexpected()


def _refuse(cursor: Cursor, verb: str) -> None:
    """EXECUTE of tasks and the like is refused by name; the rest is for the data side."""
    if not cursor.sees("IMMEDIATE"):
        raise unsupported(f"{verb} {cursor.peek().value}")
