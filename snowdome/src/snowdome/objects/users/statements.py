"""CREATE, ALTER and DROP USER."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.policy_assignments import statements as policy_assignments
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses, parameters
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import (
    Options,
    Settings,
    boolean,
    choice,
    dotted_name,
    integer,
    object_name,
    remark,
    text,
    word_or_text,
)
from snowdome.sql.grammar.tokens import Kind


def secondary_roles(cursor: Cursor, name: str) -> tuple[str, ...]:
    """`('ALL')` or `()`."""
    found = cursor.bracketed(lambda: word_or_text(cursor, name).upper())
    if found not in ((), ("ALL",)):
        raise cursor.unexpected()
    return found


def nested(cursor: Cursor, name: str) -> str:  # noqa: ARG001
    """A bracketed list of properties, kept as written."""
    start = cursor.offset
    cursor.expect("(")
    cursor.text_until(lambda: cursor.sees(")"))
    stop = cursor.peek().stop
    cursor.expect(")")
    return cursor.sql[start:stop]


def text_or_null(cursor: Cursor, name: str) -> str | None:
    """A string literal or NULL."""
    return None if cursor.accept("NULL") else text(cursor, name)


OPTIONS = Options(
    "USER",
    {
        "PASSWORD": text_or_null,
        "LOGIN_NAME": word_or_text,
        "DISPLAY_NAME": word_or_text,
        "FIRST_NAME": text_or_null,
        "MIDDLE_NAME": text_or_null,
        "LAST_NAME": text_or_null,
        "EMAIL": text_or_null,
        "MUST_CHANGE_PASSWORD": boolean,
        "DISABLED": boolean,
        "DAYS_TO_EXPIRY": integer(0, null=True),
        "MINS_TO_UNLOCK": integer(0, null=True),
        "DEFAULT_WAREHOUSE": object_name,
        "DEFAULT_NAMESPACE": dotted_name,
        "DEFAULT_ROLE": object_name,
        "DEFAULT_SECONDARY_ROLES": secondary_roles,
        "RSA_PUBLIC_KEY": text_or_null,
        "RSA_PUBLIC_KEY_FP": text_or_null,
        "RSA_PUBLIC_KEY_2": text_or_null,
        "RSA_PUBLIC_KEY_2_FP": text_or_null,
        "TYPE": choice("PERSON", "SERVICE", "LEGACY_SERVICE"),
        "COMMENT": remark,
        "WORKLOAD_IDENTITY": nested,
        "NETWORK_POLICY": object_name,
        **parameters.SESSION,
    },
    frozenset({"MINS_TO_BYPASS_MFA", "DISABLE_MFA", "ENABLE_UNREDACTED_QUERY_SYNTAX_ERROR"}),
)


@dataclass(frozen=True, slots=True)
class CreateUser:
    """CREATE [OR REPLACE] USER [IF NOT EXISTS]."""

    name: str
    how: How
    settings: Settings
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class SetUser:
    """ALTER USER … SET properties (`name` None: the current user)."""

    name: str | None
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetUser:
    """ALTER USER … UNSET properties."""

    name: str | None
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenameUser:
    """ALTER USER … RENAME TO."""

    name: str
    if_exists: bool
    new: str


@dataclass(frozen=True, slots=True)
class AddToken:
    """ALTER USER … ADD PROGRAMMATIC ACCESS TOKEN."""

    name: str | None
    token: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class RemoveToken:
    """ALTER USER … REMOVE PROGRAMMATIC ACCESS TOKEN."""

    name: str | None
    token: str


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """ALTER USER … RESET PASSWORD."""

    name: str | None
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AbortUser:
    """ALTER USER … ABORT ALL QUERIES."""

    name: str | None
    if_exists: bool


@dataclass(frozen=True, slots=True)
class DropUser:
    """DROP USER [IF EXISTS]."""

    name: str
    if_exists: bool


UserStatement = (
    CreateUser | SetUser | UnsetUser | RenameUser | ResetPassword | AbortUser | AddToken | RemoveToken | DropUser
)


TOKEN_OPTIONS = Options(
    "PROGRAMMATIC ACCESS TOKEN",
    {"ROLE_RESTRICTION": word_or_text, "DAYS_TO_EXPIRY": integer(1, 365), "COMMENT": remark},
    frozenset({"MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT"}),
)


VERBS = ("SET", "UNSET", "RENAME", "ADD", "REMOVE", "RESET", "ABORT", "MODIFY")


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateUser:  # noqa: ARG001
    """What follows CREATE USER."""
    how = clauses.how(cursor, how)
    if how is How.OR_ALTER:
        raise unsupported("CREATE OR ALTER USER")
    name = cursor.name(1).last
    settings, tags = clauses.tagged_settings(cursor, OPTIONS)
    return CreateUser(name, how, settings, tags)


def alter(cursor: Cursor) -> UserStatement | tag_statements.TagStatement | policy_assignments.UserPolicy:
    """What follows ALTER USER."""
    exists = clauses.if_exists(cursor)
    first, second = cursor.peek(), cursor.peek(1)
    unnamed = first.kind is Kind.WORD and first.value in VERBS and second.value not in VERBS
    name = None if unnamed else cursor.name(1).last
    if tagged := tag_statements.set_or_unset(cursor, "USER", Name((name,)) if name else None, if_exists=exists):
        return tagged
    statement = _alteration(cursor, name, exists)
    cursor.end()
    return statement


def _alteration(cursor: Cursor, name: str | None, exists: bool) -> UserStatement | policy_assignments.UserPolicy:
    verb = cursor.peek().value
    if (policy := policy_assignments.session_policy(cursor, "USER")) is not None:
        return policy_assignments.UserPolicy(name, exists, *policy)
    if cursor.accept("SET"):
        return SetUser(name, exists, OPTIONS.read_some(cursor))
    if cursor.accept("UNSET"):
        return UnsetUser(name, exists, OPTIONS.names(cursor))
    if cursor.accept("RENAME", "TO") and name:
        return RenameUser(name, exists, cursor.name(1).last)
    if cursor.accept("RESET", "PASSWORD"):
        return ResetPassword(name, exists)
    if cursor.accept("ABORT", "ALL", "QUERIES"):
        return AbortUser(name, exists)
    if verb in ("ADD", "REMOVE") and _token_words(cursor):
        return _token(cursor, verb, name)
    if verb in ("ADD", "REMOVE", "RESET", "ABORT", "MODIFY"):
        raise unsupported(f"ALTER USER … {verb} {cursor.peek(1).value}")
    raise cursor.unexpected()


def _token_words(cursor: Cursor) -> bool:
    mark = cursor.mark
    cursor.take()
    if cursor.accept("PROGRAMMATIC", "ACCESS", "TOKEN") or cursor.accept("PAT"):
        return True
    cursor.back_to(mark)
    return False


def _token(cursor: Cursor, verb: str, name: str | None) -> UserStatement:
    token = cursor.identifier()
    if verb == "REMOVE":
        return RemoveToken(name, token)
    return AddToken(name, token, TOKEN_OPTIONS.read(cursor))


def drop(cursor: Cursor) -> DropUser:
    """What follows DROP USER."""
    exists = clauses.if_exists(cursor)
    statement = DropUser(cursor.name(1).last, exists)
    cursor.end()
    return statement


@dataclass(frozen=True, slots=True)
class ShowTokens:
    """SHOW USER PROGRAMMATIC ACCESS TOKENS [FOR USER name] (`user` None: the current one)."""

    user: str | None
