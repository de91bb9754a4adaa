"""CREATE, ALTER, DROP and UNDROP DYNAMIC TABLE (sql/create-dynamic-table, alter-dynamic-table)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from snowdome.errors import invalid, unsupported
from snowdome.objects.pipelines.statements import (
    CloneObject,
    ResumeOrSuspend,
    SetProperties,
    body,
    clone,
    ended,
    set_or_unset,
)
from snowdome.objects.tables import statements as tables
from snowdome.objects.tables.statements import DropTable, RenameTable, SwapTable, UndropTable
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses, options
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor, duplicate_property, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, choice, integer, object_name, text


def lag(cursor: Cursor, name: str) -> str:
    """'num seconds | minutes | hours | days', at least a minute, or DOWNSTREAM."""
    if cursor.accept("DOWNSTREAM"):
        return "DOWNSTREAM"
    value = text(cursor, name)
    found = re.fullmatch(r"\s*(\d+)\s+(second|minute|hour|day)s?\s*", value, re.IGNORECASE)
    if value.strip().upper() == "DOWNSTREAM":
        return "DOWNSTREAM"
    if found is None or int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2][0].lower()] < 60:  # noqa: PLR2004
        raise invalid_value(value, name)
    return f"{int(found[1])} {found[2].lower()}{'s' if int(found[1]) != 1 else ''}"


DYNAMIC_OPTIONS = Options(
    "DYNAMIC TABLE",
    {
        "TARGET_LAG": lag,
        "WAREHOUSE": object_name,
        "REFRESH_MODE": choice("AUTO", "FULL", "INCREMENTAL"),
        "INITIALIZE": choice("ON_CREATE", "ON_SCHEDULE"),
        "SCHEDULER": choice("ENABLE", "DISABLE"),
        "DATA_RETENTION_TIME_IN_DAYS": integer(0, 90),
        "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer(0, 90),
        "COMMENT": text,
    },
    frozenset({"INITIALIZATION_WAREHOUSE", "ROW_TIMESTAMP", "LOG_LEVEL", "DEFAULT_DDL_COLLATION", "CONTACT"}),
)


DYNAMIC_SET = DYNAMIC_OPTIONS.without("REFRESH_MODE", "INITIALIZE")


@dataclass(frozen=True, slots=True)
class CreateDynamicTable:
    """CREATE [OR REPLACE] [TRANSIENT] DYNAMIC TABLE [IF NOT EXISTS] … AS query; `columns` are names alone."""

    name: Name
    how: How
    transient: bool
    columns: tuple[str, ...]
    settings: Settings
    tags: tuple[TagValue, ...]
    cluster_by: str
    copy_grants: bool
    query: str
    text: str


@dataclass(frozen=True, slots=True)
class RefreshDynamicTable:
    """ALTER DYNAMIC TABLE … REFRESH."""

    names: tuple[Name, ...]
    if_exists: bool


def create_dynamic_table(cursor: Cursor, how: How, words: frozenset[str]) -> Statement:
    """What follows CREATE DYNAMIC TABLE."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    transient = "TRANSIENT" in words
    if cursor.sees("CLONE"):
        return clone(cursor, "DYNAMIC TABLE", name, how, DYNAMIC_OPTIONS, transient=transient)
    columns = cursor.bracketed(lambda: _column(cursor)) if cursor.sees("(") else ()
    found: dict[str, options.Value] = {}
    tags: tuple[TagValue, ...] = ()
    cluster, copy_grants = "", False
    while not cursor.accept("AS"):
        if cursor.accept("CLUSTER", "BY"):
            cursor.expect("(")
            cluster = cursor.text_until(lambda: cursor.sees(")"))
            cursor.expect(")")
        elif cursor.accept("COPY", "GRANTS"):
            copy_grants = True
        elif cursor.sees("TAG") or cursor.sees("WITH", "TAG"):
            tags = clauses.with_tag(cursor)
        elif cursor.sees_any(*_REFUSED_WORDS):
            raise unsupported(f"CREATE DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
        else:
            for option, value in DYNAMIC_OPTIONS.read_some(cursor, "AS", "CLUSTER", "COPY", "TAG", *_REFUSED_WORDS):
                if option in found:
                    raise duplicate_property(option, "DYNAMIC TABLE")
                found[option] = value
    _complete(found)
    return CreateDynamicTable(
        name, how, transient, columns, tuple(found.items()), tags, cluster, copy_grants, body(cursor), cursor.sql
    )


_REFUSED_WORDS = ("WITH", "ROW", "AGGREGATION", "REQUIRE", "FROZEN", "IMMUTABLE", "BACKFILL", "EXECUTE", "REFRESH",
                  "START", "STORAGE")  # fmt: skip


def _complete(found: dict[str, options.Value]) -> None:
    if "WAREHOUSE" not in found:
        raise invalid("Missing option(s): [WAREHOUSE]", 2029, "42601")
    if "TARGET_LAG" not in found and found.get("SCHEDULER") != "DISABLE":
        raise invalid("Missing option(s): [TARGET_LAG]", 2029, "42601")
    if "TARGET_LAG" in found and found.get("SCHEDULER") == "DISABLE":
        raise invalid("TARGET_LAG can't be defined when SCHEDULER = DISABLE", 1420)


def _column(cursor: Cursor) -> str:
    name = cursor.identifier()
    if not cursor.sees_any(",", ")"):
        raise unsupported("CREATE DYNAMIC TABLE with types, policies or comments of columns")
    return name


def alter_dynamic_table(cursor: Cursor) -> Statement | tag_statements.TagStatement | RenameTable | SwapTable:
    """What follows ALTER DYNAMIC TABLE."""
    exists = clauses.if_exists(cursor)
    names = cursor.listed(cursor.name)
    if cursor.accept("REFRESH"):
        if cursor.sees("COPY", "SESSION"):
            raise unsupported("ALTER DYNAMIC TABLE … REFRESH COPY SESSION")
        return ended(cursor, RefreshDynamicTable(names, exists))
    if len(names) > 1:
        raise cursor.unexpected()
    name = names[0]
    if tagged := tag_statements.set_or_unset(cursor, "DYNAMIC TABLE", name, if_exists=exists):
        return tagged
    if cursor.sees("SUSPEND", "RECLUSTER") or cursor.sees("RESUME", "RECLUSTER") or cursor.sees("CLUSTER"):
        raise unsupported(f"ALTER DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
    if cursor.sees_any("RESUME", "SUSPEND"):
        return ended(cursor, ResumeOrSuspend("DYNAMIC TABLE", name, exists, cursor.take().value == "RESUME"))
    if cursor.accept("RENAME", "TO"):
        return ended(cursor, RenameTable("DYNAMIC TABLE", name, exists, cursor.name()))
    if cursor.accept("SWAP", "WITH"):
        return ended(cursor, SwapTable(name, exists, cursor.name(), "DYNAMIC TABLE"))
    if cursor.sees_any("ADD", "DROP", "ALTER", "MODIFY"):
        raise unsupported(f"ALTER DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
    return set_or_unset(cursor, "DYNAMIC TABLE", name, DYNAMIC_SET, exists=exists)


def drop_dynamic_table(cursor: Cursor) -> DropTable:
    """What follows DROP DYNAMIC TABLE."""
    return tables.drop_kind(cursor, "DYNAMIC TABLE")


def undrop_dynamic_table(cursor: Cursor) -> UndropTable:
    """What follows UNDROP DYNAMIC TABLE."""
    return replace(tables.undrop(cursor), kind="DYNAMIC TABLE")


Statement = CreateDynamicTable | CloneObject | SetProperties | ResumeOrSuspend | RefreshDynamicTable
