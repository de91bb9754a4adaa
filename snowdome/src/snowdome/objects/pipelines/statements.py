"""The statements that tasks, streams, pipes and dynamic tables have alike: CLONE, SET, RESUME, SUSPEND, DROP.

Tasks, streams and pipes cannot be renamed or undropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from snowdome.errors import unsupported
from snowdome.sql.grammar import clauses, options
from snowdome.sql.grammar.clauses import Clone, How, TagValue
from snowdome.sql.grammar.cursor import Cursor, duplicate_property
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class CloneObject:
    """CREATE [OR REPLACE] TASK | STREAM | DYNAMIC TABLE … CLONE …."""

    kind: str
    name: Name
    how: How
    transient: bool
    clone: Clone
    copy_grants: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class SetProperties:
    """ALTER kind … SET properties, or UNSET them (the names in `unset`)."""

    kind: str
    name: Name
    if_exists: bool
    settings: Settings = ()
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResumeOrSuspend:
    """ALTER TASK | DYNAMIC TABLE … RESUME or SUSPEND."""

    kind: str
    name: Name
    if_exists: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class DropObject:
    """DROP kind [IF EXISTS]."""

    kind: str
    name: Name
    if_exists: bool


def clone(cursor: Cursor, kind: str, name: Name, how: How, table: Options, *, transient: bool = False) -> CloneObject:
    """What follows CREATE … CLONE."""
    clone = clauses.clone(cursor)
    assert clone is not None  # noqa: S101 (CLONE was seen)
    if clone.point is not None and kind != "DYNAMIC TABLE":
        raise unsupported(f"CREATE {kind} … CLONE … {clone.point.side}")
    grants = cursor.accept("COPY", "GRANTS")
    settings = table.read(cursor)
    cursor.end()
    return CloneObject(kind, name, how, transient, clone, grants, settings)


def settings_and_tags(cursor: Cursor, table: Options, *stops: str) -> tuple[Settings, tuple[TagValue, ...]]:
    """Properties and `[WITH] TAG (…)` in any order, up to one of the words."""
    found: dict[str, options.Value] = {}
    tags: tuple[TagValue, ...] = ()
    while not cursor.ended and not cursor.sees_any(*stops):
        if not tags and (cursor.sees("TAG") or cursor.sees("WITH", "TAG")):
            tags = clauses.with_tag(cursor)
            continue
        if cursor.sees_any("TAG", "WITH"):
            raise cursor.unexpected()
        for name, value in table.read_some(cursor, "TAG", "WITH", *stops):
            if name in found:
                raise duplicate_property(name, table.kind)
            found[name] = value
    return tuple(found.items()), tags


def body(cursor: Cursor) -> str:
    """The statement that is left, as written."""
    found = cursor.rest().strip()
    if not found:
        raise cursor.unexpected()
    return found


def set_or_unset(cursor: Cursor, kind: str, name: Name, table: Options, *, exists: bool) -> SetProperties:
    """What follows ALTER: SET or UNSET."""
    if cursor.expect_any("SET", "UNSET") == "SET":
        return ended(cursor, SetProperties(kind, name, exists, table.read_some(cursor)))
    return ended(cursor, SetProperties(kind, name, exists, unset=table.names(cursor)))


def drop(cursor: Cursor, kind: str) -> DropObject:
    """What follows DROP."""
    exists = clauses.if_exists(cursor)
    return ended(cursor, DropObject(kind, cursor.name(), exists))


def ended(cursor: Cursor, statement: S) -> S:
    """The statement, of which nothing is left to read."""
    cursor.end()
    return statement
