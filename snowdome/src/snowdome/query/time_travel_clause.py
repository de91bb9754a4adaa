"""AT and BEFORE: which moment the clause means.

https://docs.snowflake.com/en/sql-reference/constructs/at-before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome.errors import invalid, unsupported
from snowdome.query import functions
from snowdome.query.time_travel import Moment
from snowdome.sql.translate import translate
from snowdome.state import run_sql

if TYPE_CHECKING:
    from snowdome.query.binding import Binding

SKEW = timedelta(milliseconds=1)
"""The smallest difference of times: CURRENT_TIMESTAMP may be that much ahead of the account's clock."""
KEPT = timedelta(days=14)
"""How long a statement's id can be named."""


def of(binder: Binding, side: str, kind: str, expression: Expr) -> Moment:
    """The moment that `AT | BEFORE (kind => expression)` means."""
    inclusive = side.upper() == "AT"
    match kind.upper():
        case "STATEMENT":
            return _statement(binder, expression.name, inclusive=inclusive)
        case "OFFSET":
            seconds = _value(binder, exp.cast(expression, exp.DType.DOUBLE))
            if not isinstance(seconds, (int, float)):
                raise invalid(f"invalid value [{expression.sql(dialect='snowflake')}] for parameter 'OFFSET'")
            then = binder.account.clock.now() + timedelta(seconds=float(seconds))
        case "TIMESTAMP":
            then = _timestamp(binder, expression)
        case other:
            raise unsupported(f"{side} ({other} => …)")
    if then > binder.account.clock.now() + SKEW:
        raise invalid(f"Future data is not available: {then.isoformat()} is yet to come.", 707, "02000")
    return Moment(then, inclusive=inclusive)


def _timestamp(binder: Binding, expression: Expr) -> datetime:
    text = expression.sql(dialect="snowflake")
    if isinstance(expression, exp.Literal):
        raise invalid(f"Time travel data is not available: a string must be cast, {text}::TIMESTAMP.", 707, "02000")
    value = _value(binder, expression)
    if not isinstance(value, datetime):
        raise invalid(f"invalid value [{text}] for parameter 'TIMESTAMP'")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _value(binder: Binding, expression: Expr) -> object:
    """The value of a constant expression."""
    if expression.find(exp.Column):
        raise invalid(f"not a constant expression: {expression.sql(dialect='snowflake')}", 1015, "42601")
    query = functions.bind(binder, exp.select(exp.alias_(expression.copy(), "V")))
    run_sql.run_expression(binder.account, binder.context.session, translate(query))
    found = binder.context.session.duck.fetchall()
    return found[0][0] if found else None


def _statement(binder: Binding, query_id: str, *, inclusive: bool) -> Moment:
    entry = binder.account.log.find(query_id)
    if entry is None or entry.turn is None or binder.account.clock.now() - entry.started > KEPT:
        raise invalid(f"Statement {query_id} not found", 707, "02000")
    if inclusive:
        return Moment(entry.ended or entry.started, entry.turn)
    return Moment(entry.started, entry.turn - 1 if entry.changed else entry.turn, inclusive=False)
