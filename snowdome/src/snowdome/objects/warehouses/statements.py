"""CREATE, ALTER and DROP WAREHOUSE."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor, invalid_property
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, boolean, choice, integer, object_name, remark
from snowdome.sql.grammar.tokens import Kind
from snowdome.warehouses.settings import SIZES

SIZE_SYNONYMS = {
    "X-SMALL": "XSMALL", "X-LARGE": "XLARGE", "X2LARGE": "XXLARGE", "2X-LARGE": "XXLARGE", "X3LARGE": "XXXLARGE",
    "3X-LARGE": "XXXLARGE", "4X-LARGE": "X4LARGE", "5X-LARGE": "X5LARGE", "6X-LARGE": "X6LARGE",
}  # fmt: skip
CONSTRAINTS = (
    "STANDARD_GEN_1", "STANDARD_GEN_2", "MEMORY_1X", "MEMORY_1X_X86", "MEMORY_16X", "MEMORY_16X_X86",
    "MEMORY_64X", "MEMORY_64X_X86",
)  # fmt: skip
LONGEST_STATEMENT = 604_800
ACTIONS = ("SET", "UNSET", "RENAME", "SUSPEND", "RESUME", "ABORT", "ENABLE", "DISABLE")

OPTIONS = Options(
    "WAREHOUSE",
    {
        "WAREHOUSE_TYPE": choice("STANDARD", "SNOWPARK-OPTIMIZED", "ADAPTIVE"),
        "WAREHOUSE_SIZE": choice(*SIZES, synonyms=SIZE_SYNONYMS),
        "GENERATION": choice("1", "2", bare=False),
        "RESOURCE_CONSTRAINT": choice(*CONSTRAINTS),
        "MIN_CLUSTER_COUNT": integer(1, 300),
        "MAX_CLUSTER_COUNT": integer(1, 300),
        "SCALING_POLICY": choice("STANDARD", "ECONOMY"),
        "AUTO_SUSPEND": integer(0, null=True),
        "AUTO_RESUME": boolean,
        "INITIALLY_SUSPENDED": boolean,
        "RESOURCE_MONITOR": object_name,
        "COMMENT": remark,
        "ENABLE_QUERY_ACCELERATION": boolean,
        "QUERY_ACCELERATION_MAX_SCALE_FACTOR": integer(0, 100),
        "MAX_CONCURRENCY_LEVEL": integer(1, 32),
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": integer(0, LONGEST_STATEMENT),
        "STATEMENT_TIMEOUT_IN_SECONDS": integer(0, LONGEST_STATEMENT),
        "MAX_QUERY_PERFORMANCE_LEVEL": choice(*SIZES[:8], synonyms=SIZE_SYNONYMS),
        "QUERY_THROUGHPUT_MULTIPLIER": integer(0),
    },
)
ALTERED = Options(
    "WAREHOUSE",
    {n: r for n, r in OPTIONS.readers.items() if n != "INITIALLY_SUSPENDED"} | {"WAIT_FOR_COMPLETION": boolean},
)
UNSET = OPTIONS.without("INITIALLY_SUSPENDED", "WAREHOUSE_TYPE", "WAREHOUSE_SIZE")


@dataclass(frozen=True, slots=True)
class CreateWarehouse:
    """CREATE [OR REPLACE | OR ALTER] [ADAPTIVE] WAREHOUSE [IF NOT EXISTS]."""

    name: str
    how: How
    settings: Settings
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class SetWarehouse:
    """ALTER WAREHOUSE … SET properties."""

    name: str | None
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetWarehouse:
    """ALTER WAREHOUSE … UNSET properties."""

    name: str | None
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenameWarehouse:
    """ALTER WAREHOUSE … RENAME TO."""

    name: str | None
    if_exists: bool
    new: str


@dataclass(frozen=True, slots=True)
class SuspendWarehouse:
    """ALTER WAREHOUSE … SUSPEND."""

    name: str | None
    if_exists: bool


@dataclass(frozen=True, slots=True)
class ResumeWarehouse:
    """ALTER WAREHOUSE … RESUME [IF SUSPENDED]."""

    name: str | None
    if_exists: bool
    if_suspended: bool


@dataclass(frozen=True, slots=True)
class AbortWarehouse:
    """ALTER WAREHOUSE … ABORT ALL QUERIES."""

    name: str | None
    if_exists: bool


@dataclass(frozen=True, slots=True)
class EnableWarehouse:
    """ALTER WAREHOUSE … ENABLE | DISABLE, for adaptive ones."""

    name: str | None
    if_exists: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class DropWarehouse:
    """DROP WAREHOUSE [IF EXISTS]."""

    name: str
    if_exists: bool


WarehouseStatement = (
    CreateWarehouse
    | SetWarehouse
    | UnsetWarehouse
    | RenameWarehouse
    | SuspendWarehouse
    | ResumeWarehouse
    | AbortWarehouse
    | EnableWarehouse
    | DropWarehouse
)


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateWarehouse:
    """What follows CREATE … WAREHOUSE."""
    how = clauses.how(cursor, how)
    name = cursor.name(1).last
    if cursor.sees("WITH") and not cursor.sees("WITH", "TAG"):
        cursor.expect("WITH")
    settings, tags = clauses.tagged_settings(cursor, OPTIONS)
    if "ADAPTIVE" in words:
        if dict(settings).get("WAREHOUSE_TYPE", "ADAPTIVE") != "ADAPTIVE":
            raise invalid_property("WAREHOUSE_TYPE", "ADAPTIVE WAREHOUSE")
        settings = (("WAREHOUSE_TYPE", "ADAPTIVE"), *(pair for pair in settings if pair[0] != "WAREHOUSE_TYPE"))
    if how is How.OR_ALTER and (tags or "INITIALLY_SUSPENDED" in dict(settings)):
        raise invalid("CREATE OR ALTER WAREHOUSE takes neither TAG nor INITIALLY_SUSPENDED", 1420)
    return CreateWarehouse(name, how, settings, tags)


def alter(cursor: Cursor) -> WarehouseStatement | tag_statements.TagStatement:
    """What follows ALTER WAREHOUSE."""
    exists = clauses.if_exists(cursor)
    name = None if _at_action(cursor) else cursor.name(1).last
    if tagged := tag_statements.set_or_unset(cursor, "WAREHOUSE", Name((name,)) if name else None, if_exists=exists):
        return tagged
    action = cursor.expect_any(*ACTIONS)
    statement = _action(cursor, action, name, exists)
    cursor.end()
    return statement


def _at_action(cursor: Cursor) -> bool:
    """Whether the name was left out: the current warehouse is meant."""
    first, second = cursor.peek(), cursor.peek(1)
    if first.kind is not Kind.WORD:
        return False
    match first.value:
        case "SUSPEND":
            return second.text in ("", ";")
        case "RESUME":
            return second.text in ("", ";") or second.value == "IF"
        case "ABORT":
            return second.value == "ALL"
        case "SET" | "UNSET":
            return second.kind is Kind.WORD and second.value not in ACTIONS
    return False


def _action(cursor: Cursor, action: str, name: str | None, exists: bool) -> WarehouseStatement:
    match action:
        case "SET":
            return SetWarehouse(name, exists, ALTERED.read_some(cursor))
        case "UNSET":
            return UnsetWarehouse(name, exists, UNSET.names(cursor))
        case "RENAME":
            cursor.expect("TO")
            return RenameWarehouse(name, exists, cursor.name(1).last)
        case "RESUME":
            return ResumeWarehouse(name, exists, cursor.accept("IF", "SUSPENDED"))
        case "ABORT":
            cursor.expect("ALL", "QUERIES")
            return AbortWarehouse(name, exists)
        case "SUSPEND":
            return SuspendWarehouse(name, exists)
        case _:
            return EnableWarehouse(name, exists, action == "ENABLE")


def drop(cursor: Cursor) -> DropWarehouse:
    """What follows DROP WAREHOUSE."""
    exists = clauses.if_exists(cursor)
    statement = DropWarehouse(cursor.name(1).last, exists)
    cursor.end()
    return statement
