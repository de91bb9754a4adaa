"""CREATE, ALTER and DROP PIPE (sql/create-pipe, alter-pipe)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.objects.pipelines.statements import DropObject, SetProperties, body, drop, set_or_unset
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, boolean, text

PIPE_OPTIONS = Options(
    "PIPE", {"COMMENT": text, "AUTO_INGEST": boolean}, frozenset({"ERROR_INTEGRATION", "AWS_SNS_TOPIC", "INTEGRATION"})
)


PIPE_SET = Options("PIPE", {"COMMENT": text, "PIPE_EXECUTION_PAUSED": boolean}, frozenset({"ERROR_INTEGRATION"}))


@dataclass(frozen=True, slots=True)
class CreatePipe:
    """CREATE [OR REPLACE] PIPE [IF NOT EXISTS] … AS COPY …."""

    name: Name
    how: How
    settings: Settings
    definition: str


_GAP = r"(?:\s|/\*.*?\*/|--[^\n]*\n|//[^\n]*\n)"


_COPIES = re.compile(rf"{_GAP}*\(?{_GAP}*COPY{_GAP}+INTO\b", re.IGNORECASE | re.DOTALL)


def create_pipe(cursor: Cursor, how: How, words: frozenset[str]) -> Statement:  # noqa: ARG001
    """What follows CREATE PIPE."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    settings = PIPE_OPTIONS.read(cursor, "AS")
    cursor.expect("AS")
    definition = body(cursor)
    if not _COPIES.match(definition):
        raise invalid("A pipe's definition is a COPY INTO statement.", 90_062, "42601")
    return CreatePipe(name, how, settings, definition)


def alter_pipe(cursor: Cursor) -> Statement | tag_statements.TagStatement:
    """What follows ALTER PIPE."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tag_statements.set_or_unset(cursor, "PIPE", name, if_exists=exists):
        return tagged
    if cursor.sees("REFRESH"):
        raise unsupported("ALTER PIPE … REFRESH")
    return set_or_unset(cursor, "PIPE", name, PIPE_SET, exists=exists)


def drop_pipe(cursor: Cursor) -> DropObject:
    """What follows DROP PIPE."""
    return drop(cursor, "PIPE")


Statement = CreatePipe | SetProperties | DropObject
