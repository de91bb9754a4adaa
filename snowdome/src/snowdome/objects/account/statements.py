"""ALTER ACCOUNT, and SHOW PARAMETERS at any level."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.objects.policy_assignments import statements as policy_assignments
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import kinds
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Settings
from snowdome.sql.grammar.parameters import ACCOUNT_OPTIONS


@dataclass(frozen=True, slots=True)
class SetAccount:
    """ALTER ACCOUNT SET."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class UnsetAccount:
    """ALTER ACCOUNT UNSET."""

    names: tuple[str, ...]


def alter_account(
    cursor: Cursor,
) -> SetAccount | UnsetAccount | tag_statements.TagStatement | policy_assignments.AccountPolicy:
    """What follows ALTER ACCOUNT."""
    if tagged := tag_statements.set_or_unset(cursor, "ACCOUNT", None):
        return tagged
    if (policy := policy_assignments.session_policy(cursor, "ACCOUNT")) is not None:
        cursor.end()
        return policy_assignments.AccountPolicy(*policy)
    verb = cursor.accept_any("SET", "UNSET")
    if verb is None:
        raise unsupported(f"ALTER ACCOUNT … {cursor.peek().text}")
    statement: SetAccount | UnsetAccount
    if verb == "SET":
        statement = SetAccount(ACCOUNT_OPTIONS.read_some(cursor))
    else:
        statement = UnsetAccount(ACCOUNT_OPTIONS.names(cursor))
    cursor.end()
    return statement


@dataclass(frozen=True, slots=True)
class ShowParameters:
    """SHOW PARAMETERS [LIKE …] [IN | FOR level [name]]."""

    like: str | None = None
    level: str = "SESSION"
    name: Name | None = None


def show_parameters(cursor: Cursor) -> ShowParameters:
    """What follows SHOW PARAMETERS."""
    like = cursor.string() if cursor.accept("LIKE") else None
    level, name = "SESSION", None
    if cursor.accept_any("IN", "FOR"):
        level = cursor.expect_any("SESSION", "ACCOUNT", "USER", "WAREHOUSE", "DATABASE", "SCHEMA", "TABLE")
        if not cursor.ended and not cursor.sees("LIKE") and level not in ("SESSION", "ACCOUNT"):
            name = cursor.name(kinds.most_parts(level))
    if like is None and cursor.accept("LIKE"):
        like = cursor.string()
    return ShowParameters(like, level, name)


Statement = SetAccount | UnsetAccount | ShowParameters
