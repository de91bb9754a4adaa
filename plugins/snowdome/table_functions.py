"""Table functions of the information schema: what they answer as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome.errors import invalid, unsupported
from snowdome.objects import tag_references
from snowdome.resolve import Context
from snowdome.result import Result

if TYPE_CHECKING:
    from snowdome.account import Account

INFORMATION_SCHEMA = "INFORMATION_SCHEMA"


def answer(account: Account, context: Context, call: Expr) -> Result | None:
    """The rows of `[database.]INFORMATION_SCHEMA.function(…)`; None where it is another kind of function."""
    if not isinstance(call, exp.Dot) or not isinstance(call.expression, exp.Anonymous):
        return None
    if call.this.name.upper() != INFORMATION_SCHEMA:
        return None
    function = call.expression
    name = function.name.upper()
    if name == "TAG_REFERENCES":
        return tag_references.references(account, context.session, *_texts(function, 2))
    if name == "TAG_REFERENCES_ALL_COLUMNS":
        return tag_references.all_columns(account, context.session, *_texts(function, 2))
    raise unsupported(f"TABLE({INFORMATION_SCHEMA}.{name}(…))")


def _texts(function: exp.Anonymous, count: int) -> list[str]:
    """The arguments, which must be that many string literals."""
    arguments = [a.expression if isinstance(a, exp.Kwarg) else a for a in function.expressions]
    if len(arguments) != count or not all(isinstance(a, exp.Literal) and a.is_string for a in arguments):
        raise invalid(f"{function.name.upper()} takes {count} string literals", 938, "22023")
    return [argument.name for argument in arguments]
