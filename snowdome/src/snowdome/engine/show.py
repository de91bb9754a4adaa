"""SHOW: of grants, parameters, tokens, and of each kind of object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome.errors import unsupported
from snowdome.objects.account.statements import show_parameters
from snowdome.objects.grants.statements import show_future_grants, show_grants
from snowdome.objects.users.statements import ShowTokens
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.show import clauses
from snowdome.sql.grammar.tokens import Kind as Token

if TYPE_CHECKING:
    from snowdome.objects.kind import Kind
    from snowdome.sql.grammar.cursor import Cursor

SHOWN = dict(vocabulary.SINGULARS) | {
    "OBJECTS": "OBJECT",
    "COLUMNS": "COLUMN",
    "PRIMARY KEYS": "PRIMARY KEY",
    "UNIQUE KEYS": "UNIQUE KEY",
    "IMPORTED KEYS": "IMPORTED KEY",
    "EXPORTED KEYS": "EXPORTED KEY",
    "USER FUNCTIONS": "FUNCTION",
    "USER PROCEDURES": "PROCEDURE",
    "INDEXES": "INDEX",
    "VARIABLES": "VARIABLE",
}
"""What can be written after SHOW, and what each row is about."""


def read(cursor: Cursor, kinds: Mapping[str, Kind]) -> object:
    """Return the statement that follows SHOW."""
    statement = _special(cursor)
    if statement is not None:
        cursor.end()
        return statement
    terse = cursor.accept("TERSE")
    as_resource = not terse and cursor.accept("AS", "RESOURCE")
    shown = _shown(cursor)
    kind = kinds.get(shown)
    if terse and (shown == "COLUMN" or (kind is not None and not kind.has_terse)):
        raise unsupported(f"SHOW TERSE {shown}S")
    has_history = shown != "COLUMN" and (kind is None or kind.has_history)
    return replace(clauses(cursor, shown, terse=terse, has_history=has_history), as_resource=as_resource)


def _special(cursor: Cursor) -> object:
    """Return the statement where it is not about a kind of object."""
    if cursor.accept("GRANTS"):
        return show_grants(cursor)
    if cursor.accept("FUTURE", "GRANTS"):
        return show_future_grants(cursor)
    if cursor.accept("PARAMETERS"):
        return show_parameters(cursor)
    if cursor.accept("USER", "PROGRAMMATIC", "ACCESS", "TOKENS") or cursor.accept("USER", "PATS"):
        return ShowTokens(cursor.name(1).last if cursor.accept("FOR", "USER") else None)
    return None


def _shown(cursor: Cursor) -> str:
    for length in (3, 2, 1):
        words = [cursor.peek(i).value for i in range(length)]
        if " ".join(words) in SHOWN and cursor.accept(*words):
            return SHOWN[" ".join(words)]
    if cursor.peek().kind is Token.WORD:
        raise unsupported(f"SHOW {cursor.peek().value}")
    raise cursor.unexpected()
