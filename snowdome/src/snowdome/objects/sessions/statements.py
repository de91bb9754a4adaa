"""USE and ALTER SESSION."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Settings
from snowdome.sql.grammar.parameters import SESSION_OPTIONS
from snowdome.sql.grammar.tokens import Kind


@dataclass(frozen=True, slots=True)
class Use:
    """USE ROLE | WAREHOUSE | DATABASE | SCHEMA; `USE name` is a database, or database.schema if dotted."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class UseSecondaryRoles:
    """USE SECONDARY ROLES ALL | NONE | role, …; `roles` is filled for the last form."""

    mode: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetSession:
    """ALTER SESSION SET."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetSession:
    """ALTER SESSION UNSET."""

    names: tuple[str, ...]


SessionStatement = Use | UseSecondaryRoles | SetSession | UnsetSession


MOST_PARTS = {"ROLE": 1, "WAREHOUSE": 1, "DATABASE": 1, "SCHEMA": 2}


def use(cursor: Cursor) -> Use | UseSecondaryRoles:
    """What follows USE."""
    statement = _use(cursor)
    cursor.end()
    return statement


def _use(cursor: Cursor) -> Use | UseSecondaryRoles:
    if cursor.accept("SECONDARY", "ROLES"):
        mode = cursor.accept_any("ALL", "NONE")
        return UseSecondaryRoles(mode) if mode else UseSecondaryRoles("SOME", cursor.listed(cursor.identifier))
    named = cursor.peek(1)
    if cursor.sees_any(*MOST_PARTS) and (named.kind in (Kind.WORD, Kind.QUOTED)):
        kind = cursor.take().value
        return Use(kind, cursor.name(MOST_PARTS[kind]))
    name = cursor.name(2)
    return Use("DATABASE" if len(name.parts) == 1 else "SCHEMA", name)


def alter_session(cursor: Cursor) -> SetSession | UnsetSession:
    """What follows ALTER SESSION."""
    statement: SetSession | UnsetSession
    if cursor.expect_any("SET", "UNSET") == "SET":
        statement = SetSession(SESSION_OPTIONS.read_some(cursor))
    else:
        statement = UnsetSession(SESSION_OPTIONS.names(cursor))
    cursor.end()
    return statement
