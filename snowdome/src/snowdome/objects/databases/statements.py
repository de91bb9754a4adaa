"""CREATE, ALTER, DROP and UNDROP DATABASE."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import Clone, How, TagValue
from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, integer, remark
from snowdome.sql.grammar.tokens import Kind

CONTAINER_REFUSED = frozenset({
    "EXTERNAL_VOLUME", "CATALOG", "CATALOG_SYNC", "REPLACE_INVALID_CHARACTERS", "DEFAULT_DDL_COLLATION",
    "STORAGE_SERIALIZATION_POLICY", "LOG_LEVEL", "TRACE_LEVEL", "METRIC_LEVEL", "SUSPEND_TASK_AFTER_NUM_FAILURES",
    "TASK_AUTO_RETRY_ATTEMPTS", "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", "USER_TASK_TIMEOUT_MS",
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", "QUOTED_IDENTIFIERS_IGNORE_CASE", "ENABLE_CONSOLE_OUTPUT",
    "PIPE_EXECUTION_PAUSED", "CLASSIFICATION_PROFILE", "DEFAULT_NOTEBOOK_COMPUTE_POOL_CPU",
    "DEFAULT_NOTEBOOK_COMPUTE_POOL_GPU", "OBJECT_VISIBILITY", "CONTACT", "BASE_LOCATION_PREFIX",
    "DEFAULT_STREAMLIT_NOTEBOOK_WAREHOUSE",
})  # fmt: skip
OPTIONS = Options(
    "DATABASE",
    {
        "DATA_RETENTION_TIME_IN_DAYS": integer(0, 90),
        "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer(0, 90),
        "COMMENT": remark,
    },
    CONTAINER_REFUSED,
)
TRANSIENT_RETENTION = 1


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE [OR REPLACE] [TRANSIENT] DATABASE [IF NOT EXISTS] … [CLONE …]."""

    name: str
    how: How
    transient: bool
    clone: Clone | None
    settings: Settings
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class RenameDatabase:
    """ALTER DATABASE … RENAME TO."""

    name: str
    if_exists: bool
    new: str


@dataclass(frozen=True, slots=True)
class SwapDatabase:
    """ALTER DATABASE … SWAP WITH."""

    name: str
    if_exists: bool
    other: str


@dataclass(frozen=True, slots=True)
class SetDatabase:
    """ALTER DATABASE … SET properties."""

    name: str
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetDatabase:
    """ALTER DATABASE … UNSET properties."""

    name: str
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE [IF EXISTS] … [CASCADE | RESTRICT]."""

    name: str
    if_exists: bool
    restrict: bool


@dataclass(frozen=True, slots=True)
class UndropDatabase:
    """UNDROP DATABASE by name (the latest dropped) or by id."""

    name: str | None
    id: int | None


DatabaseStatement = (
    CreateDatabase | RenameDatabase | SwapDatabase | SetDatabase | UnsetDatabase | DropDatabase | UndropDatabase
)


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateDatabase:
    """What follows CREATE … DATABASE."""
    how = clauses.how(cursor, how)
    name = cursor.name(1).last
    for other in (("FROM", "SHARE"), ("FROM", "LISTING"), ("FROM", "BACKUP"), ("AS", "REPLICA"), ("LINKED_CATALOG",)):
        if cursor.sees(*other):
            raise unsupported("CREATE DATABASE … " + " ".join(other))
    clone = clauses.clone(cursor)
    settings, tags = clauses.tagged_settings(cursor, OPTIONS)
    if how is How.OR_ALTER and (clone is not None or tags):
        raise invalid("CREATE OR ALTER DATABASE takes neither CLONE nor TAG", 1420)
    transient = "TRANSIENT" in words
    check_retention(settings, transient=transient)
    return CreateDatabase(name, how, transient, clone, settings, tags)


def check_retention(settings: Settings, *, transient: bool) -> None:
    """What is transient keeps at most one day."""
    days = dict(settings).get("DATA_RETENTION_TIME_IN_DAYS")
    if transient and isinstance(days, int) and days > TRANSIENT_RETENTION:
        raise invalid_value(days, "DATA_RETENTION_TIME_IN_DAYS")


def alter(cursor: Cursor) -> DatabaseStatement | tag_statements.TagStatement:
    """What follows ALTER DATABASE."""
    exists = clauses.if_exists(cursor)
    name = cursor.name(1).last
    if tagged := tag_statements.set_or_unset(cursor, "DATABASE", Name((name,)), if_exists=exists):
        return tagged
    statement = _alteration(cursor, name, exists)
    cursor.end()
    return statement


def _alteration(cursor: Cursor, name: str, exists: bool) -> DatabaseStatement:
    if cursor.accept("RENAME", "TO"):
        return RenameDatabase(name, exists, cursor.name(1).last)
    if cursor.accept("SWAP", "WITH"):
        return SwapDatabase(name, exists, cursor.name(1).last)
    if cursor.accept("SET"):
        return SetDatabase(name, exists, OPTIONS.read_some(cursor))
    if cursor.accept("UNSET"):
        return UnsetDatabase(name, exists, OPTIONS.names(cursor))
    if cursor.sees_any("ENABLE", "DISABLE", "REFRESH", "PRIMARY"):
        raise unsupported(f"ALTER DATABASE … {cursor.peek().value} {cursor.peek(1).value}".strip())
    raise cursor.unexpected()


def drop(cursor: Cursor) -> DropDatabase:
    """What follows DROP DATABASE."""
    exists = clauses.if_exists(cursor)
    name = cursor.name(1).last
    restrict = cursor.accept_any("CASCADE", "RESTRICT") == "RESTRICT"
    cursor.end()
    return DropDatabase(name, exists, restrict)


def undrop(cursor: Cursor) -> UndropDatabase:
    """What follows UNDROP DATABASE."""
    number = identifier_id(cursor)
    name = cursor.name(1).last if number is None else None
    cursor.end()
    return UndropDatabase(name, number)


def identifier_id(cursor: Cursor) -> int | None:
    """The id in `IDENTIFIER(492)` if written here, taken."""
    if not (cursor.sees("IDENTIFIER", "(") and cursor.peek(2).kind is Kind.NUMBER):
        return None
    cursor.expect("IDENTIFIER", "(")
    number = cursor.integer()
    cursor.expect(")")
    return number
