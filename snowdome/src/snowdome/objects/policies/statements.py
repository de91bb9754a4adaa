"""CREATE, ALTER and DROP of masking, session and network policies and of network rules.

Syntax as on Snowflake's pages sql/create-masking-policy, create-session-policy, create-network-policy and
create-network-rule and on their alter- and drop- pages. Session policies have no CREATE OR ALTER; a network rule has
no IF NOT EXISTS and cannot be renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from snowdome.errors import SqlError, invalid, unsupported
from snowdome.objects.tags import statements as tag_statements
from snowdome.security.lookup import LISTS
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, boolean, choice, integer, name_list, remark
from snowdome.sql.grammar.tokens import Kind

MASKING, SESSION = "MASKING POLICY", "SESSION POLICY"
NETWORK, RULE = "NETWORK POLICY", "NETWORK RULE"


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a masking policy: its name, and its type as written."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a masking policy takes, returns and computes; `returns` and `body` are as written."""

    arguments: tuple[Argument, ...]
    returns: str
    body: str


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """CREATE [OR REPLACE | OR ALTER] kind [IF NOT EXISTS]."""

    kind: str
    name: Name
    how: How
    settings: Settings
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """ALTER kind … SET properties."""

    kind: str
    name: Name
    if_exists: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetPolicy:
    """ALTER kind … UNSET properties."""

    kind: str
    name: Name
    if_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenamePolicy:
    """ALTER kind … RENAME TO."""

    kind: str
    name: Name
    if_exists: bool
    new: Name


@dataclass(frozen=True, slots=True)
class SetBody:
    """ALTER MASKING POLICY … SET BODY -> expression."""

    kind: str
    name: Name
    if_exists: bool
    body: str


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """ALTER NETWORK POLICY … ADD | REMOVE one of its lists of rules."""

    kind: str
    name: Name
    if_exists: bool
    add: bool
    list: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropPolicy:
    """DROP kind [IF EXISTS]."""

    kind: str
    name: Name
    if_exists: bool


PolicyStatement = CreatePolicy | SetPolicy | UnsetPolicy | RenamePolicy | SetBody | ChangeRules | DropPolicy


def role_list(cursor: Cursor, name: str) -> tuple[str, ...]:
    """A bracketed list of role names, a string being the name as it is stored; ALL stands alone."""
    found = name_list(cursor, name)
    if "ALL" in found and len(found) > 1:
        raise invalid_value(", ".join(found), name)
    return found


def rule_list(cursor: Cursor, name: str) -> tuple[str, ...]:
    """A bracketed list of names of network rules, kept as SQL text; a string holds its name."""
    if not cursor.sees("("):
        raise invalid_value(cursor.peek().text, name)
    return cursor.bracketed(lambda: _rule_name(cursor))


def _rule_name(cursor: Cursor) -> str:
    if cursor.peek().kind is not Kind.STRING:
        return cursor.name().sql
    inner = Cursor(cursor.string())
    found = inner.name()
    inner.end()
    return found.sql


def strings(cursor: Cursor, name: str) -> tuple[str, ...]:
    """A bracketed list of strings, possibly empty."""
    if not cursor.sees("("):
        raise invalid_value(cursor.peek().text, name)
    return cursor.bracketed(cursor.string)


TYPES = ("IPV4", "IPV6", "AWSVPCEID", "AZURELINKID", "GCPPSCID", "HOST_PORT", "PRIVATE_HOST_PORT", "COMPUTE_POOL")
MODES = ("INGRESS", "INTERNAL_STAGE", "SNOWFLAKE_MANAGED_STORAGE_VOLUME", "EGRESS")
OPTIONS: Mapping[str, Options] = {
    MASKING: Options(MASKING, {"COMMENT": remark, "EXEMPT_OTHER_POLICIES": boolean}),
    SESSION: Options(
        SESSION,
        {
            "SESSION_IDLE_TIMEOUT_MINS": integer(5, 1440),
            "SESSION_UI_IDLE_TIMEOUT_MINS": integer(5, 1440),
            "SESSION_MAX_LIFESPAN_MINS": integer(0, 43_200),
            "SESSION_UI_MAX_LIFESPAN_MINS": integer(0, 43_200),
            "ALLOWED_SECONDARY_ROLES": role_list,
            "BLOCKED_SECONDARY_ROLES": role_list,
            "COMMENT": remark,
        },
        frozenset({"AGENT_RESTRICTED_SESSION_SCOPE"}),
    ),
    NETWORK: Options(
        NETWORK,
        {**dict.fromkeys(LISTS, rule_list), "ALLOWED_IP_LIST": strings, "BLOCKED_IP_LIST": strings, "COMMENT": remark},
    ),
    RULE: Options(RULE, {"TYPE": choice(*TYPES), "VALUE_LIST": strings, "MODE": choice(*MODES), "COMMENT": remark}),
}
SETTABLE: Mapping[str, tuple[str, ...]] = {
    MASKING: ("COMMENT",),
    SESSION: tuple(OPTIONS[SESSION].readers),
    NETWORK: tuple(OPTIONS[NETWORK].readers),
    RULE: ("VALUE_LIST", "COMMENT"),
}
"""What ALTER … SET takes."""
UNSETTABLE: Mapping[str, tuple[str, ...]] = dict(SETTABLE) | {NETWORK: ("COMMENT",)}
"""What ALTER … UNSET takes."""
MOST_PARTS = {NETWORK: 1}


def creator(kind: str) -> Callable[[Cursor, How, frozenset[str]], CreatePolicy]:
    """The reader of what follows CREATE and that kind."""

    def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreatePolicy:  # noqa: ARG001
        if how is How.OR_ALTER and kind == SESSION:
            raise unsupported(f"CREATE OR ALTER {kind}")  # Snowflake has none: sql/create-or-alter
        if kind == RULE and cursor.sees("IF"):
            raise cursor.unexpected()
        how = clauses.how(cursor, how)
        name = cursor.name(MOST_PARTS.get(kind, 3))
        signature = _signature(cursor) if kind == MASKING else None
        settings = OPTIONS[kind].read(cursor)
        cursor.end()
        if kind == RULE:
            _check_rule(dict(settings))
        return CreatePolicy(kind, name, how, settings, signature)

    return create


def _signature(cursor: Cursor) -> Signature:
    cursor.expect("AS", "(")
    arguments = cursor.listed(lambda: _argument(cursor))
    cursor.expect(")", "RETURNS")
    returns = cursor.text_until(lambda: cursor.sees("->"))
    cursor.expect("->")
    body = cursor.text_until(lambda: _options_follow(cursor))
    if not returns or not body:
        raise cursor.unexpected()
    return Signature(arguments, returns, body)


def _argument(cursor: Cursor) -> Argument:
    name = cursor.identifier()
    written = cursor.text_until(lambda: cursor.sees(",") or cursor.sees(")"))
    if not written:
        raise cursor.unexpected()
    return Argument(name, written)


def _options_follow(cursor: Cursor) -> bool:
    """Whether nothing but properties follows: a body may itself speak of a column called COMMENT."""
    if not any(cursor.sees(name, "=") for name in OPTIONS[MASKING].readers):
        return False
    mark = cursor.mark
    try:
        OPTIONS[MASKING].read(cursor)
    except SqlError:
        return False
    finally:
        cursor.back_to(mark)
    return True


def _check_rule(given: Mapping[str, object]) -> None:
    """TYPE and VALUE_LIST are there and TYPE goes with MODE (sql/create-network-rule)."""
    for needed in ("TYPE", "VALUE_LIST"):
        if needed not in given:
            raise invalid(f"missing property '{needed}' for '{RULE}'", 1421, "42601")
    kind, mode = given["TYPE"], given.get("MODE", "INGRESS")
    allowed = {
        "IPV4": ("INGRESS",),
        "IPV6": ("INGRESS",),
        "COMPUTE_POOL": ("INGRESS",),
        "AWSVPCEID": ("INGRESS", "INTERNAL_STAGE", "SNOWFLAKE_MANAGED_STORAGE_VOLUME"),
        "AZURELINKID": ("INGRESS",),
        "GCPPSCID": ("INGRESS",),
        "HOST_PORT": ("EGRESS",),
        "PRIVATE_HOST_PORT": ("EGRESS",),
    }[str(kind)]
    if mode not in allowed:
        raise invalid_value(mode, f"MODE of a rule of type {kind}")


def alterer(kind: str) -> Callable[[Cursor], PolicyStatement | tag_statements.TagStatement]:
    """The reader of what follows ALTER and that kind."""

    def alter(cursor: Cursor) -> PolicyStatement | tag_statements.TagStatement:
        exists = clauses.if_exists(cursor)
        name = cursor.name(MOST_PARTS.get(kind, 3))
        if tagged := tag_statements.set_or_unset(cursor, kind, name, if_exists=exists):
            return tagged
        statement = _alteration(cursor, kind, name, exists)
        cursor.end()
        return statement

    return alter


def _alteration(cursor: Cursor, kind: str, name: Name, exists: bool) -> PolicyStatement:
    if kind != RULE and cursor.accept("RENAME", "TO"):
        return RenamePolicy(kind, name, exists, cursor.name(MOST_PARTS.get(kind, 3)))
    if kind == MASKING and cursor.accept("SET", "BODY", "->"):
        body = cursor.rest()
        if not body:
            raise cursor.unexpected()
        return SetBody(kind, name, exists, body)
    if kind == NETWORK and (verb := cursor.accept_any("ADD", "REMOVE")):
        which = cursor.expect_any(*LISTS)
        cursor.expect("=")
        return ChangeRules(kind, name, exists, verb == "ADD", which, rule_list(cursor, which))
    if cursor.expect_any("SET", "UNSET") == "SET":
        return SetPolicy(kind, name, exists, settable(kind).read_some(cursor))
    return UnsetPolicy(kind, name, exists, _only(kind, UNSETTABLE[kind]).names(cursor))


def settable(kind: str) -> Options:
    """The properties that ALTER … SET takes."""
    return _only(kind, SETTABLE[kind])


def _only(kind: str, names: tuple[str, ...]) -> Options:
    return OPTIONS[kind].without(*(name for name in OPTIONS[kind].readers if name not in names))


def dropper(kind: str) -> Callable[[Cursor], DropPolicy]:
    """The reader of what follows DROP and that kind."""

    def drop(cursor: Cursor) -> DropPolicy:
        exists = clauses.if_exists(cursor)
        name = cursor.name(MOST_PARTS.get(kind, 3))
        cursor.end()
        return DropPolicy(kind, name, exists)

    return drop


CREATE = {kind: creator(kind) for kind in OPTIONS}
ALTER = {kind: alterer(kind) for kind in OPTIONS}
DROP = {kind: dropper(kind) for kind in OPTIONS}
