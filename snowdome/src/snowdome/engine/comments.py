"""COMMENT ON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.errors import SqlError, unsupported
from snowdome.result import Result, status
from snowdome.security import access, lookup
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Record, Table, View

if TYPE_CHECKING:
    from snowdome.objects.kind import Kind
    from snowdome.query.account import Account
    from snowdome.sql.grammar.cursor import Cursor
    from snowdome.state.session import Session


DONE = status("Statement executed successfully.")


MODIFIABLE = frozenset({"WAREHOUSE", "DATABASE", "SCHEMA"})


@dataclass(frozen=True, slots=True)
class CommentOn:
    """COMMENT [IF EXISTS] ON kind name IS '…'; kind COLUMN names its column in `column`."""

    kind: str
    name: Name
    column: str | None
    if_exists: bool
    text: str


def read(cursor: Cursor, kinds: Mapping[str, Kind]) -> CommentOn:
    """Return the statement that follows COMMENT."""
    exists = cursor.accept("IF", "EXISTS")
    cursor.expect("ON")
    column = None
    if cursor.accept("COLUMN"):
        kind, name = "COLUMN", cursor.name(4)
        if len(name.parts) == 1:
            raise cursor.unexpected()
        column, name = name.last, Name(name.parts[:-1])
    else:
        found = vocabulary.singular(cursor)
        if found is None:
            raise cursor.unexpected()
        if found not in kinds or not kinds[found].has_comment:
            raise unsupported(f"COMMENT ON {found}")
        kind, name = found, cursor.name(vocabulary.most_parts(found))
    cursor.expect("IS")
    text = "" if cursor.accept("NULL") else cursor.string()
    cursor.end()
    return CommentOn(kind, name, column, exists, text)


def comment(account: Account, session: Session, statement: CommentOn) -> Result:
    """The object or column bears the comment."""
    kind = "TABLE" if statement.kind == "COLUMN" else statement.kind
    try:
        found = lookup.find(account, session, kind, statement.name, "COMMENT")
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    may_modify = found.kind in MODIFIABLE and access.has(account, session, "MODIFY", found)
    temporary = isinstance(found, (Table, View)) and found.temporary
    if not may_modify and not temporary:
        lookup.own(account, session, found)
    after = _commented(account, found, statement)
    if temporary and isinstance(after, (Table, View)):
        session.temporary[after.parent, after.name] = after
        return DONE
    with account.catalog.change() as change:
        change.put(after)
    return DONE


def _commented(account: Account, found: Record, statement: CommentOn) -> Record:
    now = account.clock.now()
    if isinstance(found, (Table, View)):
        if statement.column is None:
            return replace(found, comment=statement.text, altered_on=now, last_ddl=now)
        if statement.column not in {column.name for column in found.columns}:
            raise errors.invalid_identifier(statement.column)
        columns = tuple(
            replace(column, comment=statement.text) if column.name == statement.column else column
            for column in found.columns
        )
        return replace(found, columns=columns, altered_on=now, last_ddl=now)
    return replace(found, comment=statement.text, altered_on=now)
