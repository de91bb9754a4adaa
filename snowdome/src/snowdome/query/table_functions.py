"""Table functions of the information schema: what they answer as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome.errors import invalid, unsupported
from snowdome.query import history_functions as usage
from snowdome.query import policy_references, staged_files, tag_references, task_history
from snowdome.result import Result
from snowdome.security import resolve

if TYPE_CHECKING:
    from snowdome.query.binding import Binding

INFORMATION_SCHEMA = "INFORMATION_SCHEMA"


def answer(binder: Binding, call: Expr) -> Result | None:
    """The rows of `[database.]INFORMATION_SCHEMA.function(…)`; None where it is another kind of function."""
    account, context = binder.account, binder.context
    if isinstance(call, exp.Anonymous) and call.name.upper() == "INFER_SCHEMA":
        return staged_files.infer_schema(account, context, call)
    if isinstance(call, exp.Anonymous) and context.schema == INFORMATION_SCHEMA:
        call = exp.Dot(this=exp.to_identifier(INFORMATION_SCHEMA), expression=call.copy())
    if not isinstance(call, exp.Dot) or not isinstance(call.expression, exp.Anonymous):
        return None
    if call.this.name.upper() != INFORMATION_SCHEMA:
        return None
    function = call.expression
    name = function.name.upper()
    if name == "TAG_REFERENCES":
        return tag_references.references(account, context.session, *_texts(function, 2))
    if name == "TASK_HISTORY":
        return task_history.history(binder, function)
    if name == "POLICY_REFERENCES":
        return policy_references.references(account, context.session, _named(function))
    if name == "TAG_REFERENCES_ALL_COLUMNS":
        return tag_references.all_columns(account, context.session, *_texts(function, 2))
    if name in usage.FUNCTIONS:
        database = call.this.this.name if isinstance(call.this, exp.Dot) else None
        resolve.database(account, context, database)
        return usage.FUNCTIONS[name](binder, function)
    raise unsupported(f"TABLE({INFORMATION_SCHEMA}.{name}(…))")


def _named(function: exp.Anonymous) -> dict[str, str]:
    """The arguments, each given by name as a string literal."""
    found = {a.name: a.expression for a in function.expressions if isinstance(a, exp.Kwarg)}
    strings = all(isinstance(value, exp.Literal) and value.is_string for value in found.values())
    if len(found) != len(function.expressions) or not strings:
        raise invalid(f"{function.name.upper()} takes string literals by name", 938, "22023")
    return {name: value.name for name, value in found.items()}


def _texts(function: exp.Anonymous, count: int) -> list[str]:
    """The arguments, which must be that many string literals."""
    arguments = [a.expression if isinstance(a, exp.Kwarg) else a for a in function.expressions]
    if len(arguments) != count or not all(isinstance(a, exp.Literal) and a.is_string for a in arguments):
        raise invalid(f"{function.name.upper()} takes {count} string literals", 938, "22023")
    return [argument.name for argument in arguments]
