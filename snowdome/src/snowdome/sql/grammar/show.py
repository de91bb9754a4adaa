"""SHOW of objects: its clauses."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW [TERSE] objects [HISTORY] [LIKE …] [IN …] [STARTS WITH …] [LIMIT … [FROM …]]; `kind` in the singular.

    `scope` is None, ACCOUNT, DATABASE, SCHEMA, TABLE or VIEW; `scope_name` None means the current one.
    """

    kind: str
    terse: bool = False
    history: bool = False
    like: str | None = None
    scope: str | None = None
    scope_name: Name | None = None
    starts_with: str | None = None
    limit: int | None = None
    after: str | None = None
    as_resource: bool = False


def clauses(cursor: Cursor, kind: str, *, terse: bool, has_history: bool) -> Show:
    """What follows SHOW and the kind, to the end."""
    history = has_history and cursor.accept("HISTORY")
    like = scope = scope_name = starts = limit = after = None
    while not cursor.ended:
        if like is None and cursor.accept("LIKE"):
            like = cursor.string()
        elif scope is None and cursor.sees_any("IN"):
            cursor.take()
            scope, scope_name = _scope(cursor, kind)
        elif starts is None and cursor.accept("STARTS", "WITH"):
            starts = cursor.string()
        elif limit is None and cursor.accept("LIMIT"):
            limit = cursor.integer()
            after = cursor.string() if cursor.accept("FROM") else None
        else:
            raise cursor.unexpected()
    cursor.end()
    return Show(kind, terse, history, like, scope, scope_name, starts, limit, after)


def _scope(cursor: Cursor, kind: str) -> tuple[str, Name | None]:
    """What follows IN."""
    if cursor.accept("ACCOUNT"):
        return "ACCOUNT", None
    named = cursor.peek(1).kind in (Kind.WORD, Kind.QUOTED)
    if cursor.sees_any("DATABASE", "SCHEMA", "TABLE", "VIEW") and not cursor.sees(cursor.peek().value, "."):
        level = cursor.take().value
        ends = not named or cursor.sees("STARTS", "WITH") or cursor.sees("LIKE") or cursor.sees("LIMIT")
        return level, None if ends else cursor.name({"DATABASE": 1, "SCHEMA": 2}.get(level, 3))
    if kind in ("COLUMN", "INDEX") or kind.endswith(" KEY"):
        return "TABLE", cursor.name()
    name = cursor.name(2)
    return ("DATABASE" if kind == "SCHEMA" or (len(name.parts) == 1 and kind == "DATABASE ROLE") else "SCHEMA"), name
