"""Clauses that several statements share: OR REPLACE, IF EXISTS, TAG (…), CLONE … AT (…), COMMENT."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from snowdome.errors import invalid
from snowdome.sql.grammar import options
from snowdome.sql.grammar.cursor import Cursor, duplicate_property, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind

MAX_TAG_VALUE = 256


class How(Enum):
    """What CREATE does when the object is already there."""

    PLAIN = "refuse"
    OR_REPLACE = "replace"
    IF_NOT_EXISTS = "leave"
    OR_ALTER = "alter"


@dataclass(frozen=True, slots=True)
class TagValue:
    """A tag and the value to give it."""

    tag: Name
    value: str


@dataclass(frozen=True, slots=True)
class TimePoint:
    """A place in Time Travel: `side` AT or BEFORE, `kind` TIMESTAMP, OFFSET or STATEMENT, and its expression."""

    side: str
    kind: str
    expression: str


@dataclass(frozen=True, slots=True)
class Clone:
    """What is cloned, from when, and what to leave out or take along."""

    source: Name
    point: TimePoint | None = None
    ignore_short_retention: bool = False
    ignore_hybrid_tables: bool = False
    include_internal_stages: bool = False


def if_exists(cursor: Cursor) -> bool:
    """Whether IF EXISTS is written here, taken."""
    return cursor.accept("IF", "EXISTS")


def how(cursor: Cursor, so_far: How) -> How:
    """CREATE's mode, with IF NOT EXISTS taken; it excludes OR REPLACE and OR ALTER."""
    if not cursor.sees("IF", "NOT", "EXISTS"):
        return so_far
    if so_far is not How.PLAIN:
        clash = "OR REPLACE" if so_far is How.OR_REPLACE else "OR ALTER"
        raise invalid(f"options IF NOT EXISTS and {clash} are incompatible.", 1053, "42601")
    cursor.expect("IF", "NOT", "EXISTS")
    return How.IF_NOT_EXISTS


def tag_value(cursor: Cursor) -> TagValue:
    """`tag = 'value'`."""
    name = cursor.name()
    cursor.expect("=")
    value = cursor.string()
    if len(value) > MAX_TAG_VALUE:
        raise invalid_value(value[:20] + "…", f"TAG {name.last} (at most {MAX_TAG_VALUE} characters)")
    return TagValue(name, value)


def tag_values(cursor: Cursor) -> tuple[TagValue, ...]:
    """`tag = 'value', …`."""
    return cursor.listed(lambda: tag_value(cursor))


def with_tag(cursor: Cursor) -> tuple[TagValue, ...]:
    """`[WITH] TAG (tag = 'value', …)` if written here, else nothing."""
    if not (cursor.accept("WITH", "TAG") or cursor.accept("TAG")):
        return ()
    cursor.expect("(")
    found = tag_values(cursor)
    cursor.expect(")")
    return found


def tagged_settings(
    cursor: Cursor, table: options.Options, *flag: str
) -> tuple[options.Settings, tuple[TagValue, ...]]:
    """Properties, `[WITH] TAG (…)` and a flag of words, in any order, to the end; the flag becomes a setting."""
    settings: dict[str, options.Value] = {}
    tags: tuple[TagValue, ...] = ()
    while not cursor.ended:
        found: options.Settings
        if not tags and (cursor.sees("TAG") or cursor.sees("WITH", "TAG")):
            tags = with_tag(cursor)
            continue
        if flag and cursor.accept(*flag):
            found = ((" ".join(flag), True),)
        elif cursor.sees_any("TAG", "WITH"):
            raise cursor.unexpected()
        else:
            found = table.read(cursor, "TAG", "WITH")
        for name, value in found:
            if name in settings:
                raise duplicate_property(name, table.kind)
            settings[name] = value
    return tuple(settings.items()), tags


def clone(cursor: Cursor) -> Clone | None:
    """`CLONE source [AT|BEFORE (…)] [IGNORE …] [INCLUDE INTERNAL STAGES]` if written here."""
    if not cursor.accept("CLONE"):
        return None
    source = cursor.name()
    point = time_point(cursor, source)
    retention = hybrid = stages = False
    while True:
        if cursor.accept("IGNORE", "TABLES", "WITH", "INSUFFICIENT", "DATA", "RETENTION"):
            retention = True
        elif cursor.accept("IGNORE", "HYBRID", "TABLES"):
            hybrid = True
        elif cursor.accept("INCLUDE", "INTERNAL", "STAGES"):
            stages = True
        else:
            return Clone(source, point, retention, hybrid, stages)


def time_point(cursor: Cursor, source: Name) -> TimePoint | None:
    """`AT|BEFORE (TIMESTAMP|OFFSET|STATEMENT => …)` if written here; an uncast string is no timestamp."""
    side = cursor.accept_any("AT", "BEFORE")
    if side is None:
        return None
    cursor.expect("(")
    kind = cursor.expect_any("TIMESTAMP", "OFFSET", "STATEMENT")
    cursor.expect("=>")
    first = cursor.peek()
    expression = cursor.text_until(lambda: cursor.sees(")"))
    cursor.expect(")")
    if not expression or (kind == "STATEMENT" and first.kind is not Kind.STRING):
        raise cursor.unexpected()
    if kind == "TIMESTAMP" and first.kind is Kind.STRING and expression == first.text:
        message = f"Time travel data is not available for {source}: a string must be cast, {expression}::TIMESTAMP."
        raise invalid(message, 707, "02000")
    return TimePoint(side, kind, expression)


def comment(cursor: Cursor) -> str | None:
    """`COMMENT = '…'` if written here."""
    if not cursor.accept("COMMENT"):
        return None
    cursor.expect("=")
    return cursor.string()
