"""Policies set and unset: masking policies on columns and tags, session policies on users and the account.

Syntax as on Snowflake's pages sql/alter-table-column, alter-view, alter-tag, alter-user and alter-account.
"""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name


@dataclass(frozen=True, slots=True)
class ColumnMask:
    """A column and the masking policy it gets (None: it loses its own); `using` names the policy's columns."""

    column: str
    policy: Name | None
    using: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True, slots=True)
class MaskColumns:
    """ALTER TABLE | VIEW … MODIFY COLUMN … SET | UNSET MASKING POLICY, for one column or several."""

    kind: str
    name: Name
    if_exists: bool
    columns: tuple[ColumnMask, ...]


@dataclass(frozen=True, slots=True)
class MaskTag:
    """ALTER TAG … SET | UNSET MASKING POLICY …."""

    name: Name
    if_exists: bool
    policies: tuple[Name, ...]
    on: bool
    force: bool = False


@dataclass(frozen=True, slots=True)
class UserPolicy:
    """ALTER USER … SET | UNSET SESSION POLICY (`policy` None: unset; `name` None: the current user)."""

    name: str | None
    if_exists: bool
    policy: Name | None
    force: bool = False


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """ALTER ACCOUNT SET | UNSET SESSION POLICY (`policy` None: unset)."""

    policy: Name | None
    force: bool = False


ProtectionStatement = MaskColumns | MaskTag | UserPolicy | AccountPolicy


def mask_columns(cursor: Cursor, kind: str, name: Name, *, if_exists: bool) -> MaskColumns | None:
    """What follows ALTER | MODIFY if it is about masking policies, to the end; else nothing is taken."""
    mark = cursor.mark
    bracket = cursor.accept("(")
    cursor.accept("COLUMN")
    cursor.take()
    about_masks = cursor.sees_any("SET", "UNSET") and cursor.peek(1).value == "MASKING"
    if cursor.sees_any("SET", "UNSET") and cursor.peek(1).value == "PROJECTION":
        raise unsupported(f"ALTER {kind} … ALTER COLUMN … {cursor.peek().value} PROJECTION POLICY")
    cursor.back_to(mark)
    if not about_masks:
        return None
    cursor.accept("(")
    columns = cursor.listed(lambda: _column(cursor))
    if bracket:
        cursor.expect(")")
    cursor.end()
    return MaskColumns(kind, name, if_exists, columns)


def _column(cursor: Cursor) -> ColumnMask:
    cursor.accept("ALTER") or cursor.accept("MODIFY")
    cursor.accept("COLUMN")
    column = cursor.identifier()
    verb = cursor.expect_any("SET", "UNSET")
    cursor.expect("MASKING", "POLICY")
    if verb == "UNSET":
        return ColumnMask(column, None)
    policy = cursor.name()
    using = cursor.bracketed(cursor.identifier) if cursor.accept("USING") else ()
    return ColumnMask(column, policy, using, cursor.accept("FORCE"))


def mask_tag(cursor: Cursor, name: Name, *, if_exists: bool) -> MaskTag | None:
    """`SET | UNSET MASKING POLICY p [, MASKING POLICY q …] [FORCE]` if written here."""
    if not (cursor.sees("SET", "MASKING", "POLICY") or cursor.sees("UNSET", "MASKING", "POLICY")):
        return None
    on = cursor.take().value == "SET"
    policies = cursor.listed(lambda: _policy(cursor))
    return MaskTag(name, if_exists, policies, on, on and cursor.accept("FORCE"))


def _policy(cursor: Cursor) -> Name:
    cursor.expect("MASKING", "POLICY")
    return cursor.name()


def session_policy(cursor: Cursor, what: str) -> tuple[Name | None, bool] | None:
    """`SET SESSION POLICY p [FORCE]` or `UNSET SESSION POLICY` if written here; other policies are refused by name."""
    if not (cursor.sees_any("SET", "UNSET") and cursor.peek(2).value in ("POLICY", "POLICIES")):
        return None
    kind = cursor.peek(1).value
    if kind != "SESSION":
        raise unsupported(f"ALTER {what} … {cursor.peek().value} {kind} POLICY")
    verb = cursor.take().value
    cursor.expect("SESSION", "POLICY")
    if verb == "UNSET":
        return None, False
    return cursor.name(), cursor.accept("FORCE")
