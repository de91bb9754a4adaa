"""CREATE, ALTER, DROP and UNDROP SCHEMA."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.objects.databases.statements import CONTAINER_REFUSED, check_retention, identifier_id
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import Clone, How, TagValue
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, integer, remark

OPTIONS = Options(
    "SCHEMA",
    {
        "DATA_RETENTION_TIME_IN_DAYS": integer(0, 90),
        "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer(0, 90),
        "COMMENT": remark,
    },
    CONTAINER_REFUSED,
)
MANAGED = "WITH MANAGED ACCESS"


@dataclass(frozen=True, slots=True)
class CreateSchema:
    """CREATE [OR REPLACE] [TRANSIENT] SCHEMA [IF NOT EXISTS] … [CLONE …] [WITH MANAGED ACCESS]."""

    name: Name
    how: How
    transient: bool
    managed: bool
    clone: Clone | None
    settings: Settings
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class RenameSchema:
    """ALTER SCHEMA … RENAME TO; another database in the new name moves it there."""

    name: Name
    if_exists: bool
    new: Name


@dataclass(frozen=True, slots=True)
class SwapSchema:
    """ALTER SCHEMA … SWAP WITH."""

    name: Name
    if_exists: bool
    other: Name


@dataclass(frozen=True, slots=True)
class SetSchema:
    """ALTER SCHEMA … SET properties."""

    name: Name
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetSchema:
    """ALTER SCHEMA … UNSET properties."""

    name: Name
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManageSchema:
    """ALTER SCHEMA … ENABLE | DISABLE MANAGED ACCESS."""

    name: Name
    if_exists: bool
    managed: bool


@dataclass(frozen=True, slots=True)
class DropSchema:
    """DROP SCHEMA [IF EXISTS] … [CASCADE | RESTRICT]."""

    name: Name
    if_exists: bool
    restrict: bool


@dataclass(frozen=True, slots=True)
class UndropSchema:
    """UNDROP SCHEMA by name (the latest dropped) or by id."""

    name: Name | None
    id: int | None


SchemaStatement = (
    CreateSchema | RenameSchema | SwapSchema | SetSchema | UnsetSchema | ManageSchema | DropSchema | UndropSchema
)


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateSchema:
    """What follows CREATE … SCHEMA."""
    how = clauses.how(cursor, how)
    name = cursor.name(2)
    if cursor.sees("FROM", "BACKUP"):
        raise unsupported("CREATE SCHEMA … FROM BACKUP")
    clone = clauses.clone(cursor)
    found, tags = clauses.tagged_settings(cursor, OPTIONS, "WITH", "MANAGED", "ACCESS")
    settings = tuple(pair for pair in found if pair[0] != MANAGED)
    managed = (MANAGED, True) in found
    if how is How.OR_ALTER and (clone is not None or tags):
        raise invalid("CREATE OR ALTER SCHEMA takes neither CLONE nor TAG", 1420)
    transient = "TRANSIENT" in words
    check_retention(settings, transient=transient)
    return CreateSchema(name, how, transient, managed, clone, settings, tags)


def alter(cursor: Cursor) -> SchemaStatement | tag_statements.TagStatement:
    """What follows ALTER SCHEMA."""
    exists = clauses.if_exists(cursor)
    name = cursor.name(2)
    if tagged := tag_statements.set_or_unset(cursor, "SCHEMA", name, if_exists=exists):
        return tagged
    statement = _alteration(cursor, name, exists)
    cursor.end()
    return statement


def _alteration(cursor: Cursor, name: Name, exists: bool) -> SchemaStatement:
    if cursor.accept("RENAME", "TO"):
        return RenameSchema(name, exists, cursor.name(2))
    if cursor.accept("SWAP", "WITH"):
        return SwapSchema(name, exists, cursor.name(2))
    if cursor.accept("SET"):
        return SetSchema(name, exists, OPTIONS.read_some(cursor))
    if cursor.accept("UNSET"):
        return UnsetSchema(name, exists, OPTIONS.names(cursor))
    verb = cursor.expect_any("ENABLE", "DISABLE")
    cursor.expect("MANAGED", "ACCESS")
    return ManageSchema(name, exists, verb == "ENABLE")


def drop(cursor: Cursor) -> DropSchema:
    """What follows DROP SCHEMA."""
    exists = clauses.if_exists(cursor)
    name = cursor.name(2)
    restrict = cursor.accept_any("CASCADE", "RESTRICT") == "RESTRICT"
    cursor.end()
    return DropSchema(name, exists, restrict)


def undrop(cursor: Cursor) -> UndropSchema:
    """What follows UNDROP SCHEMA."""
    number = identifier_id(cursor)
    name = cursor.name(2) if number is None else None
    cursor.end()
    return UndropSchema(name, number)
