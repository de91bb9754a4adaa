"""Account statements on tables and views: clone, swap, rename, properties, tags, recluster, drop, undrop.

What makes or changes columns and rows is a data statement and is not read here.
"""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.databases.statements import check_retention, identifier_id
from snowdome.objects.policy_assignments import statements as policy_assignments
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import Clone, How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, integer, remark

POLICIES = {
    ("ROW", "ACCESS"), ("AGGREGATION", "POLICY"), ("JOIN", "POLICY"), ("STORAGE", "LIFECYCLE"), ("ALL", "ROW"),
    ("SEARCH", "OPTIMIZATION"),
}  # fmt: skip


TEMPORARY = frozenset({"TEMPORARY", "TEMP", "VOLATILE"})


OPTIONS = Options(
    "TABLE",
    {
        "DATA_RETENTION_TIME_IN_DAYS": integer(0, 90),
        "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer(0, 90),
        "COMMENT": remark,
    },
    frozenset({
        "CHANGE_TRACKING", "ENABLE_SCHEMA_EVOLUTION", "DEFAULT_DDL_COLLATION", "STAGE_FILE_FORMAT",
        "STAGE_COPY_OPTIONS", "LOG_LEVEL", "CONTACT",
    }),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CloneTable:
    """CREATE [OR REPLACE] [TRANSIENT | TEMPORARY] TABLE [IF NOT EXISTS] … CLONE … [COPY GRANTS] [COPY TAGS]."""

    name: Name
    how: How
    transient: bool
    temporary: bool
    clone: Clone
    copy_grants: bool
    copy_tags: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class RenameTable:
    """ALTER TABLE | VIEW … RENAME TO."""

    kind: str
    name: Name
    if_exists: bool
    new: Name


@dataclass(frozen=True, slots=True)
class SwapTable:
    """ALTER TABLE … SWAP WITH."""

    name: Name
    if_exists: bool
    other: Name
    kind: str = "TABLE"


@dataclass(frozen=True, slots=True)
class SetTable:
    """ALTER TABLE | VIEW … SET properties."""

    kind: str
    name: Name
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetTable:
    """ALTER TABLE | VIEW … UNSET properties."""

    kind: str
    name: Name
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recluster:
    """ALTER TABLE … RESUME | SUSPEND RECLUSTER."""

    name: Name
    if_exists: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """ALTER TABLE … CLUSTER BY (…) | DROP CLUSTERING KEY (`key` None); `key` is the text between the brackets."""

    name: Name
    if_exists: bool
    key: str | None


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE | VIEW [IF EXISTS] … [CASCADE | RESTRICT]."""

    kind: str
    name: Name
    if_exists: bool
    restrict: bool


@dataclass(frozen=True, slots=True)
class UndropTable:
    """UNDROP TABLE by name (the latest dropped) or by id."""

    name: Name | None
    id: int | None
    kind: str = "TABLE"


TableStatement = (
    CloneTable | RenameTable | SwapTable | SetTable | UnsetTable | Recluster | ClusterTable | DropTable | UndropTable
)


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CloneTable | None:
    """What follows CREATE … TABLE where it is a clone; None where it is a data statement."""
    table_how = How.IF_NOT_EXISTS if cursor.accept("IF", "NOT", "EXISTS") else how
    if cursor.sees("IDENTIFIER", "(", "?", ")") and cursor.peek(4).value != "CLONE":
        return None
    name = cursor.name()
    if not cursor.sees("CLONE"):
        return None
    if table_how is not how and how is not How.PLAIN:
        cursor.back_to(0)
        while not cursor.sees("IF", "NOT", "EXISTS"):
            cursor.take()
        clauses.how(cursor, how)
    clone = clauses.clone(cursor)
    assert clone is not None  # noqa: S101 (CLONE was seen)
    grants = tags = False
    while cursor.accept("COPY"):
        if cursor.expect_any("GRANTS", "TAGS") == "GRANTS":
            grants = True
        else:
            tags = True
    settings = OPTIONS.read(cursor)
    cursor.end()
    transient = "TRANSIENT" in words
    check_retention(settings, transient=transient)
    return CloneTable(name, table_how, transient, bool(words & TEMPORARY), clone, grants, tags, settings)


def alter(cursor: Cursor) -> TableStatement | tag_statements.TagStatement | policy_assignments.MaskColumns | None:
    """What follows ALTER TABLE; None where it changes columns or constraints."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tag_statements.set_or_unset(cursor, "TABLE", name, if_exists=exists):
        return tagged
    if cursor.sees_any("ALTER", "MODIFY"):
        return column_change(cursor, "TABLE", name, exists)
    if cursor.sees_any("ADD", "RENAME", "DROP") and not cursor.sees("RENAME", "TO"):
        return _addition(cursor, name, exists)
    statement = _alteration(cursor, name, exists)
    cursor.end()
    return statement


def column_change(
    cursor: Cursor, kind: str, name: Name, exists: bool
) -> tag_statements.TagStatement | policy_assignments.MaskColumns | None:
    """Tags and masking policies of columns; None where a column is changed in itself."""
    cursor.take()
    if masked := policy_assignments.mask_columns(cursor, kind, name, if_exists=exists):
        return masked
    cursor.accept("COLUMN")
    if cursor.sees("("):
        return None
    column = cursor.identifier()
    return tag_statements.set_or_unset(cursor, kind, name, if_exists=exists, column=column)


def _addition(cursor: Cursor, name: Name, exists: bool) -> ClusterTable | None:
    """ADD, DROP and RENAME of columns and constraints are data; policies are refused; DROP CLUSTERING KEY is ours."""
    if cursor.accept("DROP", "CLUSTERING", "KEY"):
        cursor.end()
        return ClusterTable(name, exists, None)
    second, third = cursor.peek(1).value, cursor.peek(2).value
    if (second, third) in POLICIES:
        raise unsupported(f"ALTER TABLE … {cursor.peek().value} {second} {third}")
    return None


def _alteration(cursor: Cursor, name: Name, exists: bool) -> TableStatement:
    if cursor.accept("RENAME", "TO"):
        return RenameTable("TABLE", name, exists, cursor.name())
    if cursor.accept("SWAP", "WITH"):
        return SwapTable(name, exists, cursor.name())
    if cursor.accept("CLUSTER", "BY"):
        cursor.expect("(")
        key = cursor.text_until(lambda: cursor.sees(")"))
        cursor.expect(")")
        return ClusterTable(name, exists, key)
    if cursor.sees("SUSPEND", "RECLUSTER") or cursor.sees("RESUME", "RECLUSTER"):
        verb = cursor.take().value
        cursor.take()
        return Recluster(name, exists, verb == "RESUME")
    if cursor.accept("SET"):
        return SetTable("TABLE", name, exists, OPTIONS.read_some(cursor))
    cursor.expect("UNSET")
    return UnsetTable("TABLE", name, exists, OPTIONS.names(cursor))


def drop(cursor: Cursor) -> DropTable:
    """What follows DROP TABLE."""
    return drop_kind(cursor, "TABLE")


def drop_kind(cursor: Cursor, kind: str) -> DropTable:
    """What follows DROP and the kind."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    restrict = cursor.accept_any("CASCADE", "RESTRICT") == "RESTRICT"
    cursor.end()
    return DropTable(kind, name, exists, restrict)


def undrop(cursor: Cursor) -> UndropTable:
    """What follows UNDROP TABLE."""
    number = identifier_id(cursor)
    name = cursor.name() if number is None else None
    cursor.end()
    return UndropTable(name, number)
