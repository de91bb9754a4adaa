"""ALTER and DROP VIEW; CREATE VIEW is a data statement."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.policy_assignments import statements as policy_assignments
from snowdome.objects.tables.statements import DropTable, RenameTable, SetTable, UnsetTable, column_change, drop_kind
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, remark

VIEW_OPTIONS = Options("VIEW", {"COMMENT": remark}, frozenset({"CHANGE_TRACKING", "CONTACT"}))


@dataclass(frozen=True, slots=True)
class SecureView:
    """ALTER VIEW … SET SECURE | UNSET SECURE."""

    name: Name
    if_exists: bool
    secure: bool


def alter_view(cursor: Cursor) -> Statement | tag_statements.TagStatement | policy_assignments.MaskColumns | None:
    """What follows ALTER VIEW; None where it changes columns."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tag_statements.set_or_unset(cursor, "VIEW", name, if_exists=exists):
        return tagged
    if cursor.sees_any("ALTER", "MODIFY"):
        return column_change(cursor, "VIEW", name, exists)
    if cursor.sees_any("ADD", "DROP"):
        raise unsupported(f"ALTER VIEW … {cursor.peek().value} {cursor.peek(1).value}")
    statement = _view_alteration(cursor, name, exists)
    cursor.end()
    return statement


def _view_alteration(cursor: Cursor, name: Name, exists: bool) -> Statement:
    if cursor.accept("RENAME", "TO"):
        return RenameTable("VIEW", name, exists, cursor.name())
    verb = cursor.expect_any("SET", "UNSET")
    if cursor.accept("SECURE"):
        return SecureView(name, exists, verb == "SET")
    if verb == "SET":
        return SetTable("VIEW", name, exists, VIEW_OPTIONS.read_some(cursor))
    return UnsetTable("VIEW", name, exists, VIEW_OPTIONS.names(cursor))


def drop_view(cursor: Cursor) -> DropTable:
    """What follows DROP VIEW."""
    return drop_kind(cursor, "VIEW")


Statement = RenameTable | SetTable | UnsetTable | SecureView
