"""CREATE, ALTER and DROP STREAM (sql/create-stream, alter-stream)."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.pipelines.statements import CloneObject, DropObject, SetProperties, clone, drop, set_or_unset
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How, TagValue, TimePoint
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, boolean, text

STREAM_OPTIONS = Options("STREAM", {"APPEND_ONLY": boolean, "SHOW_INITIAL_ROWS": boolean, "COMMENT": text})


@dataclass(frozen=True, slots=True)
class CreateStream:
    """CREATE [OR REPLACE] STREAM [IF NOT EXISTS] … ON TABLE; `same_as` names the stream of AT (STREAM => …)."""

    name: Name
    how: How
    table: Name
    point: TimePoint | None
    same_as: Name | None
    settings: Settings
    tags: tuple[TagValue, ...]


def create_stream(cursor: Cursor, how: How, words: frozenset[str]) -> Statement:  # noqa: ARG001
    """What follows CREATE STREAM."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    if cursor.sees("CLONE"):
        return clone(cursor, "STREAM", name, how, Options("STREAM", {}))
    tags = clauses.with_tag(cursor)
    if cursor.sees("COPY", "GRANTS"):
        raise unsupported("CREATE STREAM … COPY GRANTS")
    cursor.expect("ON")
    if not cursor.accept("TABLE"):
        raise unsupported(f"CREATE STREAM … ON {cursor.peek().value}")
    table = cursor.name()
    point, same_as = None, None
    if cursor.sees("AT", "(", "STREAM"):
        cursor.expect("AT", "(", "STREAM", "=>")
        inner = Cursor(cursor.string())
        same_as = inner.name()
        inner.end()
        cursor.expect(")")
    else:
        point = clauses.time_point(cursor, table)
    settings = STREAM_OPTIONS.read(cursor)
    cursor.end()
    return CreateStream(name, how, table, point, same_as, settings, tags)


def alter_stream(cursor: Cursor) -> Statement | tag_statements.TagStatement:
    """What follows ALTER STREAM."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tag_statements.set_or_unset(cursor, "STREAM", name, if_exists=exists):
        return tagged
    return set_or_unset(
        cursor, "STREAM", name, STREAM_OPTIONS.without("APPEND_ONLY", "SHOW_INITIAL_ROWS"), exists=exists
    )


def drop_stream(cursor: Cursor) -> DropObject:
    """What follows DROP STREAM."""
    return drop(cursor, "STREAM")


Statement = CreateStream | CloneObject | SetProperties | DropObject
