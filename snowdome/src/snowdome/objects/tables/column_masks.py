"""MASKING POLICY in the column lists of CREATE TABLE, CREATE VIEW and ALTER TABLE … ADD COLUMN."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sqlglot import Expr, exp

from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.policy_assignments.statements import ColumnMask
from snowdome.sql.grammar.cursor import Cursor
from snowdome.state.records import Table, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

T = TypeVar("T", bound=Table | View)


def take(tree: Expr) -> tuple[ColumnMask, ...]:
    """The columns' masking policies, taken out of the tree."""
    found: list[ColumnMask] = []
    for column in tree.find_all(exp.ColumnDef):
        kept: list[Expr] = []
        for constraint in column.args.get("constraints") or ():
            if isinstance(constraint.kind, exp.MaskingPolicyColumnConstraint):
                found.append(_mask(column.name, constraint.kind))
            else:
                kept.append(constraint)
        column.set("constraints", kept)
    return tuple(found)


def _mask(column: str, constraint: exp.MaskingPolicyColumnConstraint) -> ColumnMask:
    name = Cursor(constraint.this.sql(dialect="snowflake", identify=True)).name()
    return ColumnMask(column, name, tuple(e.name for e in constraint.expressions or ()))


def put(account: Account, session: Session, record: T, wanted: tuple[ColumnMask, ...]) -> T:
    """The new table or view with those masks, where the session may put them there."""
    for one in wanted:
        record = policy_assignments.masked(account, session, record, one)
    return record


def renamed(record: T, old: str, new: str) -> T:
    """The table with what hangs on the column hanging on its new name."""
    masks = {
        new if name == old else name: replace(mask, using=tuple(new if u == old else u for u in mask.using))
        for name, mask in record.masks.items()
    }
    tags = {new if name == old else name: given for name, given in record.column_tags.items()}
    return replace(record, masks=masks, column_tags=tags)


def without(record: T, column: str) -> T:
    """The table with nothing hanging on the column any more."""
    masks = {name: mask for name, mask in record.masks.items() if name != column}
    tags = {name: given for name, given in record.column_tags.items() if name != column}
    return replace(record, masks=masks, column_tags=tags)
