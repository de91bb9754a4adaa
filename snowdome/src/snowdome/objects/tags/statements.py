"""CREATE, ALTER, DROP and UNDROP TAG; SET TAG and UNSET TAG on any object."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.policy_assignments import statements as policy_assignments
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor, duplicate_property, invalid_property
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import choice
from snowdome.sql.grammar.tokens import Kind

PROPAGATE = choice("ON_DEPENDENCY_AND_DATA_MOVEMENT", "ON_DEPENDENCY", "ON_DATA_MOVEMENT", "NONE")
PROPERTIES = frozenset({"ALLOWED_VALUES", "PROPAGATE", "ON_CONFLICT", "COMMENT"})


@dataclass(frozen=True, slots=True)
class SetTags:
    """ALTER … SET TAG on an object (`name` None: the current one) or on one of its columns."""

    kind: str
    name: Name | None
    column: str | None
    if_exists: bool
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class UnsetTags:
    """ALTER … UNSET TAG on an object (`name` None: the current one) or on one of its columns."""

    kind: str
    name: Name | None
    column: str | None
    if_exists: bool
    tags: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class CreateTag:
    """CREATE [OR REPLACE] TAG [IF NOT EXISTS]."""

    name: Name
    how: How
    allowed: tuple[str, ...] = ()
    propagate: str | None = None
    on_conflict: str | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RenameTag:
    """ALTER TAG … RENAME TO."""

    name: Name
    if_exists: bool
    new: Name


@dataclass(frozen=True, slots=True)
class AllowTagValues:
    """ALTER TAG … ADD or DROP ALLOWED_VALUES (`how` says which)."""

    name: Name
    if_exists: bool
    how: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlterTag:
    """ALTER TAG … SET or UNSET properties; None unsets. `allowed` is None where nothing is said of ALLOWED_VALUES."""

    name: Name
    if_exists: bool
    settings: tuple[tuple[str, str | None], ...]
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DropTag:
    """DROP TAG [IF EXISTS]."""

    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class UndropTag:
    """UNDROP TAG."""

    name: Name


TagStatement = (
    SetTags | UnsetTags | CreateTag | RenameTag | AllowTagValues | AlterTag | DropTag | UndropTag
)  # fmt: skip


def set_or_unset(
    cursor: Cursor, kind: str, name: Name | None, *, if_exists: bool = False, column: str | None = None
) -> SetTags | UnsetTags | None:
    """`SET TAG …` or `UNSET TAG …` if written here, to the end of the statement."""
    found: SetTags | UnsetTags
    if cursor.accept("SET", "TAG"):
        found = SetTags(kind, name, column, if_exists, clauses.tag_values(cursor))
    elif cursor.accept("UNSET", "TAG"):
        found = UnsetTags(kind, name, column, if_exists, cursor.listed(cursor.name))
    else:
        return None
    cursor.end()
    return found


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateTag:  # noqa: ARG001
    """What follows CREATE TAG."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    found = _properties(cursor)
    allowed = found.get("ALLOWED_VALUES", ())
    if "ON_CONFLICT" in found and "PROPAGATE" not in found:
        raise invalid_property("ON_CONFLICT", "TAG without PROPAGATE")
    return CreateTag(
        name,
        how,
        allowed if isinstance(allowed, tuple) else (),
        str(found["PROPAGATE"]) if "PROPAGATE" in found else None,
        str(found["ON_CONFLICT"]) if "ON_CONFLICT" in found else None,
        str(found.get("COMMENT", "")),
    )


def _properties(cursor: Cursor) -> dict[str, object]:
    """Properties in any order, to the end; each at most once."""
    found: dict[str, object] = {}
    while not cursor.ended:
        token = cursor.peek()
        if token.kind is not Kind.WORD:
            raise cursor.unexpected()
        if token.value not in PROPERTIES:
            raise invalid_property(token.value, "TAG")
        if token.value in found:
            raise duplicate_property(token.value, "TAG")
        found[token.value] = _property(cursor, cursor.take().value)
    return found


def _property(cursor: Cursor, name: str) -> object:
    if name == "ALLOWED_VALUES":
        return cursor.listed(cursor.string)
    cursor.expect("=")
    if name == "PROPAGATE":
        return PROPAGATE(cursor, name)
    if name == "ON_CONFLICT" and cursor.accept("ALLOWED_VALUES_SEQUENCE"):
        return "ALLOWED_VALUES_SEQUENCE"
    return cursor.string()


def alter(cursor: Cursor) -> TagStatement | policy_assignments.MaskTag:
    """What follows ALTER TAG."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if masked := policy_assignments.mask_tag(cursor, name, if_exists=exists):
        cursor.end()
        return masked
    statement = _alteration(cursor, name, if_exists=exists)
    cursor.end()
    return statement


def _alteration(cursor: Cursor, name: Name, *, if_exists: bool) -> TagStatement:
    if cursor.accept("RENAME", "TO"):
        return RenameTag(name, if_exists, cursor.name())
    if verb := cursor.accept_any("ADD", "DROP"):
        cursor.expect("ALLOWED_VALUES")
        return AllowTagValues(name, if_exists, verb, cursor.listed(cursor.string))
    verb = cursor.expect_any("SET", "UNSET")
    if cursor.sees_any("DATA", "MULTI_VALUE", "DCM"):
        raise unsupported(f"ALTER TAG … {verb} {cursor.peek().value}")
    if cursor.ended:
        raise cursor.unexpected()
    if verb == "UNSET":
        word = cursor.expect_any(*sorted(PROPERTIES))
        return AlterTag(
            name,
            if_exists,
            ((word, None),) if word != "ALLOWED_VALUES" else (),
            () if word == "ALLOWED_VALUES" else None,
        )
    found = _properties(cursor)
    allowed = found.pop("ALLOWED_VALUES", None)
    settings = tuple((word, str(value)) for word, value in found.items())
    return AlterTag(name, if_exists, settings, allowed if isinstance(allowed, tuple) else None)


def drop(cursor: Cursor) -> DropTag:
    """What follows DROP TAG."""
    exists = clauses.if_exists(cursor)
    statement = DropTag(cursor.name(), exists)
    cursor.end()
    return statement


def undrop(cursor: Cursor) -> UndropTag:
    """What follows UNDROP TAG."""
    statement = UndropTag(cursor.name())
    cursor.end()
    return statement
