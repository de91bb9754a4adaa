"""CREATE, ALTER and DROP of account roles and database roles."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, remark

OPTIONS = Options("ROLE", {"COMMENT": remark})
ROLE = "ROLE"
DATABASE_ROLE = "DATABASE ROLE"
PARTS = {ROLE: 1, DATABASE_ROLE: 2}


@dataclass(frozen=True, slots=True)
class CreateRole:
    """CREATE [OR REPLACE] [DATABASE] ROLE [IF NOT EXISTS]."""

    kind: str
    name: Name
    how: How
    comment: str
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class RenameRole:
    """ALTER [DATABASE] ROLE … RENAME TO."""

    kind: str
    name: Name
    if_exists: bool
    new: Name


@dataclass(frozen=True, slots=True)
class CommentRole:
    """ALTER [DATABASE] ROLE … SET | UNSET COMMENT."""

    kind: str
    name: Name
    if_exists: bool
    comment: str


@dataclass(frozen=True, slots=True)
class DropRole:
    """DROP [DATABASE] ROLE [IF EXISTS]."""

    kind: str
    name: Name
    if_exists: bool


RoleStatement = CreateRole | RenameRole | CommentRole | DropRole


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateRole:  # noqa: ARG001
    """What follows CREATE ROLE."""
    return _create(cursor, how, ROLE)


def create_database_role(cursor: Cursor, how: How, words: frozenset[str]) -> CreateRole:  # noqa: ARG001
    """What follows CREATE DATABASE ROLE."""
    return _create(cursor, how, DATABASE_ROLE)


def _create(cursor: Cursor, how: How, kind: str) -> CreateRole:
    how = clauses.how(cursor, how)
    name = cursor.name(PARTS[kind])
    settings, tags = clauses.tagged_settings(cursor, OPTIONS)
    if how is How.OR_ALTER and tags:
        raise invalid(f"CREATE OR ALTER {kind} takes no TAG", 1420)
    return CreateRole(kind, name, how, str(dict(settings).get("COMMENT", "")), tags)


def alter(cursor: Cursor) -> RoleStatement | tag_statements.TagStatement:
    """What follows ALTER ROLE."""
    return _alter(cursor, ROLE)


def alter_database_role(cursor: Cursor) -> RoleStatement | tag_statements.TagStatement:
    """What follows ALTER DATABASE ROLE."""
    return _alter(cursor, DATABASE_ROLE)


def _alter(cursor: Cursor, kind: str) -> RoleStatement | tag_statements.TagStatement:
    exists = clauses.if_exists(cursor)
    name = cursor.name(PARTS[kind])
    if tagged := tag_statements.set_or_unset(cursor, kind, name, if_exists=exists):
        return tagged
    statement: RoleStatement
    if cursor.accept("RENAME", "TO"):
        statement = RenameRole(kind, name, exists, cursor.name(PARTS[kind]))
    elif cursor.accept("SET"):
        statement = CommentRole(kind, name, exists, str(dict(OPTIONS.read_some(cursor))["COMMENT"]))
    else:
        cursor.expect("UNSET")
        OPTIONS.names(cursor)
        statement = CommentRole(kind, name, exists, "")
    cursor.end()
    return statement


def drop(cursor: Cursor) -> DropRole:
    """What follows DROP ROLE."""
    return _drop(cursor, ROLE)


def drop_database_role(cursor: Cursor) -> DropRole:
    """What follows DROP DATABASE ROLE."""
    return _drop(cursor, DATABASE_ROLE)


def _drop(cursor: Cursor, kind: str) -> DropRole:
    exists = clauses.if_exists(cursor)
    statement = DropRole(kind, cursor.name(PARTS[kind]), exists)
    cursor.end()
    return statement
