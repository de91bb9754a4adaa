"""DESCRIBE of objects that are no tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snowdome.errors import unsupported
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.names import Name

if TYPE_CHECKING:
    from snowdome.objects.kind import Kind
    from snowdome.sql.grammar.cursor import Cursor

DATA = ("TABLE", "VIEW", "STAGE", "FILE", "FUNCTION", "PROCEDURE")
"""What is described by a data statement."""


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE kind name."""

    kind: str
    name: Name


def read(cursor: Cursor, kinds: Mapping[str, Kind]) -> Describe | None:
    """Return the statement that follows DESCRIBE; None where it is a data statement."""
    if cursor.sees_any("RESULT"):
        raise unsupported("DESCRIBE RESULT")
    if cursor.sees_any(*DATA):
        return None
    kind = vocabulary.singular(cursor)
    if kind is None:
        return None
    if kind not in kinds or kinds[kind].describe is None:
        raise unsupported(f"DESCRIBE {kind}")
    statement = Describe(kind, cursor.name(vocabulary.most_parts(kind)))
    cursor.end()
    return statement
