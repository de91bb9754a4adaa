"""SHOW, DESCRIBE and COMMENT."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snowdome.errors import unsupported
from snowdome.sql.grammar import kinds
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.grants import OnAccount, OnObject, on_object
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind

SHOWN = dict(kinds.SINGULARS) | {
    "OBJECTS": "OBJECT",
    "COLUMNS": "COLUMN",
    "PRIMARY KEYS": "PRIMARY KEY",
    "UNIQUE KEYS": "UNIQUE KEY",
    "IMPORTED KEYS": "IMPORTED KEY",
    "EXPORTED KEYS": "EXPORTED KEY",
    "USER FUNCTIONS": "FUNCTION",
    "USER PROCEDURES": "PROCEDURE",
    "INDEXES": "INDEX",
    "VARIABLES": "VARIABLE",
}


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW [TERSE] objects [HISTORY] [LIKE …] [IN …] [STARTS WITH …] [LIMIT … [FROM …]]; `kind` in the singular.

    `scope` is None, ACCOUNT, DATABASE, SCHEMA, TABLE or VIEW; `scope_name` None means the current one.
    """

    kind: str
    terse: bool = False
    history: bool = False
    like: str | None = None
    scope: str | None = None
    scope_name: Name | None = None
    starts_with: str | None = None
    limit: int | None = None
    after: str | None = None
    as_resource: bool = False


@dataclass(frozen=True, slots=True)
class ShowGrants:
    """SHOW GRANTS: `form` ON (object), TO or OF (grantee), or MINE; `limit` rows."""

    form: str
    on: OnAccount | OnObject | None = None
    kind: str | None = None
    name: Name | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ShowFutureGrants:
    """SHOW FUTURE GRANTS IN SCHEMA | DATABASE … or TO [DATABASE] ROLE; `limit` rows."""

    form: str
    kind: str
    name: Name
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ShowParameters:
    """SHOW PARAMETERS [LIKE …] [IN | FOR level [name]]."""

    like: str | None = None
    level: str = "SESSION"
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE DATABASE | SCHEMA | WAREHOUSE | USER | ROLE."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class CommentOn:
    """COMMENT [IF EXISTS] ON kind name IS '…'; kind COLUMN names its column in `column`."""

    kind: str
    name: Name
    column: str | None
    if_exists: bool
    text: str


@dataclass(frozen=True, slots=True)
class ShowTokens:
    """SHOW USER PROGRAMMATIC ACCESS TOKENS [FOR USER name] (`user` None: the current one)."""

    user: str | None


ShowStatement = ShowTokens | Show | ShowGrants | ShowFutureGrants | ShowParameters | Describe | CommentOn


def show(cursor: Cursor) -> ShowStatement | None:
    """What follows SHOW; None where the data side answers."""
    if cursor.accept("GRANTS"):
        return _finished(cursor, _grants(cursor))
    if cursor.accept("FUTURE", "GRANTS"):
        return _finished(cursor, _future_grants(cursor))
    if cursor.accept("PARAMETERS"):
        return _finished(cursor, _parameters(cursor))
    if cursor.accept("USER", "PROGRAMMATIC", "ACCESS", "TOKENS") or cursor.accept("USER", "PATS"):
        name = cursor.name(1).last if cursor.accept("FOR", "USER") else None
        return _finished(cursor, ShowTokens(name))
    terse = cursor.accept("TERSE")
    as_resource = not terse and cursor.accept("AS", "RESOURCE")
    kind = _shown(cursor)
    if terse and kind in NEVER_TERSE:
        raise unsupported(f"SHOW TERSE {kind}S")
    return replace(_finished_show(cursor, kind, terse=terse), as_resource=as_resource)


def _finished_show(cursor: Cursor, kind: str, *, terse: bool) -> Show:
    statement = _clauses(cursor, kind, terse=terse)
    cursor.end()
    return statement


def _finished(cursor: Cursor, statement: ShowStatement) -> ShowStatement:
    cursor.end()
    return statement


def _shown(cursor: Cursor) -> str:
    for length in (3, 2, 1):
        words = [cursor.peek(i).value for i in range(length)]
        if " ".join(words) in SHOWN and cursor.accept(*words):
            return SHOWN[" ".join(words)]
    if cursor.peek().kind is Kind.WORD:
        raise unsupported(f"SHOW {cursor.peek().value}")
    raise cursor.unexpected()


NEVER_TERSE = frozenset({"WAREHOUSE", "RESOURCE MONITOR", "TAG", "NETWORK POLICY", "NETWORK RULE", "COLUMN"})
WITHOUT_PAST = frozenset({
    "WAREHOUSE", "RESOURCE MONITOR", "USER", "ROLE", "DATABASE ROLE", "NETWORK POLICY", "NETWORK RULE", "COLUMN",
})  # fmt: skip


def _clauses(cursor: Cursor, kind: str, *, terse: bool) -> Show:
    history = kind not in WITHOUT_PAST and cursor.accept("HISTORY")
    like = scope = scope_name = starts = limit = after = None
    while not cursor.ended:
        if like is None and cursor.accept("LIKE"):
            like = cursor.string()
        elif scope is None and cursor.sees_any("IN"):
            cursor.take()
            scope, scope_name = _scope(cursor, kind)
        elif starts is None and cursor.accept("STARTS", "WITH"):
            starts = cursor.string()
        elif limit is None and cursor.accept("LIMIT"):
            limit = cursor.integer()
            after = cursor.string() if cursor.accept("FROM") else None
        else:
            raise cursor.unexpected()
    return Show(kind, terse, history, like, scope, scope_name, starts, limit, after)


def _scope(cursor: Cursor, kind: str) -> tuple[str, Name | None]:
    """What follows IN."""
    if cursor.accept("ACCOUNT"):
        return "ACCOUNT", None
    named = cursor.peek(1).kind in (Kind.WORD, Kind.QUOTED)
    if cursor.sees_any("DATABASE", "SCHEMA", "TABLE", "VIEW") and not cursor.sees(cursor.peek().value, "."):
        level = cursor.take().value
        ends = not named or cursor.sees("STARTS", "WITH") or cursor.sees("LIKE") or cursor.sees("LIMIT")
        return level, None if ends else cursor.name({"DATABASE": 1, "SCHEMA": 2}.get(level, 3))
    if kind in ("COLUMN", "INDEX") or kind.endswith(" KEY"):
        return "TABLE", cursor.name()
    name = cursor.name(2)
    return ("DATABASE" if kind == "SCHEMA" or (len(name.parts) == 1 and kind == "DATABASE ROLE") else "SCHEMA"), name


def _limit(cursor: Cursor) -> int | None:
    return cursor.integer() if cursor.accept("LIMIT") else None


def _grants(cursor: Cursor) -> ShowGrants:
    if cursor.accept("ON"):
        if cursor.accept("ACCOUNT"):
            return ShowGrants("ON", OnAccount(), limit=_limit(cursor))
        return ShowGrants("ON", on_object(cursor, kinds.singular(cursor) or "TABLE"), limit=_limit(cursor))
    form = cursor.accept_any("TO", "OF")
    if form is None:
        return ShowGrants("MINE", limit=_limit(cursor))
    if cursor.sees("SHARE") or cursor.sees("APPLICATION"):
        raise unsupported(f"SHOW GRANTS {form} {cursor.peek().value}")
    if cursor.accept("DATABASE", "ROLE"):
        return ShowGrants(form, None, "DATABASE ROLE", cursor.name(2), _limit(cursor))
    kind = cursor.expect_any("ROLE", "USER") if form == "TO" else cursor.expect_any("ROLE")
    return ShowGrants(form, None, kind, cursor.name(1), _limit(cursor))


def _future_grants(cursor: Cursor) -> ShowFutureGrants:
    if cursor.accept("IN"):
        container = cursor.expect_any("SCHEMA", "DATABASE")
        return ShowFutureGrants("IN", container, cursor.name(2 if container == "SCHEMA" else 1), _limit(cursor))
    cursor.expect("TO")
    if cursor.accept("DATABASE", "ROLE"):
        return ShowFutureGrants("TO", "DATABASE ROLE", cursor.name(2), _limit(cursor))
    cursor.accept("ROLE")
    return ShowFutureGrants("TO", "ROLE", cursor.name(1), _limit(cursor))


def _parameters(cursor: Cursor) -> ShowParameters:
    like = cursor.string() if cursor.accept("LIKE") else None
    level, name = "SESSION", None
    if cursor.accept_any("IN", "FOR"):
        level = cursor.expect_any("SESSION", "ACCOUNT", "USER", "WAREHOUSE", "DATABASE", "SCHEMA", "TABLE")
        if not cursor.ended and not cursor.sees("LIKE") and level not in ("SESSION", "ACCOUNT"):
            name = cursor.name(kinds.most_parts(level))
    if like is None and cursor.accept("LIKE"):
        like = cursor.string()
    return ShowParameters(like, level, name)


DESCRIBED = frozenset({
    "DATABASE", "SCHEMA", "WAREHOUSE", "USER", "ROLE", "DATABASE ROLE", "MASKING POLICY", "SESSION POLICY",
    "NETWORK POLICY", "NETWORK RULE", "TASK", "STREAM", "PIPE", "DYNAMIC TABLE", "SEQUENCE",
})  # fmt: skip


def describe(cursor: Cursor) -> Describe | None:
    """What follows DESCRIBE; None where the data side answers."""
    if cursor.sees_any("RESULT"):
        raise unsupported("DESCRIBE RESULT")
    if cursor.sees_any("TABLE", "VIEW", "STAGE", "FILE", "FUNCTION", "PROCEDURE"):
        return None
    kind = kinds.singular(cursor)
    if kind is None:
        return None
    if kind not in DESCRIBED:
        raise unsupported(f"DESCRIBE {kind}")
    statement = Describe(kind, cursor.name(kinds.most_parts(kind)))
    cursor.end()
    return statement


COMMENTED = frozenset({
    "DATABASE", "SCHEMA", "TABLE", "VIEW", "WAREHOUSE", "ROLE", "DATABASE ROLE", "USER", "TAG", "SEQUENCE", "STAGE",
    "FILE FORMAT", "MASKING POLICY", "SESSION POLICY", "NETWORK POLICY", "NETWORK RULE", "TASK", "STREAM", "PIPE",
    "DYNAMIC TABLE",
})  # fmt: skip


def comment(cursor: Cursor) -> CommentOn:
    """What follows COMMENT."""
    exists = cursor.accept("IF", "EXISTS")
    cursor.expect("ON")
    column = None
    if cursor.accept("COLUMN"):
        kind, name = "COLUMN", cursor.name(4)
        if len(name.parts) == 1:
            raise cursor.unexpected()
        column, name = name.last, Name(name.parts[:-1])
    else:
        found = kinds.singular(cursor)
        if found is None:
            raise cursor.unexpected()
        if found not in COMMENTED:
            raise unsupported(f"COMMENT ON {found}")
        kind, name = found, cursor.name(kinds.most_parts(found))
    cursor.expect("IS")
    text = "" if cursor.accept("NULL") else cursor.string()
    cursor.end()
    return CommentOn(kind, name, column, exists, text)
