"""CREATE HYBRID TABLE."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name


@dataclass(frozen=True, slots=True)
class CreateHybridTable:
    """CREATE [OR REPLACE] HYBRID TABLE [IF NOT EXISTS] name (columns); `body` is everything behind the name."""

    name: Name
    how: How
    body: str


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateHybridTable:  # noqa: ARG001
    """What follows CREATE HYBRID TABLE."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    if not cursor.sees("("):
        raise cursor.unexpected()
    return CreateHybridTable(name, how, cursor.rest())
