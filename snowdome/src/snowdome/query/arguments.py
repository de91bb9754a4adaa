"""The arguments of a table function: by name or by place, each a constant, checked by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import Expr, exp

from snowdome.errors import SqlError, invalid
from snowdome.sql.translate import translate
from snowdome.state.error_mapping import from_duckdb

if TYPE_CHECKING:
    from snowdome.query.binding import Binding

TIME, NUMBER, TEXT, TRUTH = "a date or a timestamp", "a number", "a string", "TRUE or FALSE"


def read(binder: Binding, call: exp.Anonymous, known: Mapping[str, str]) -> dict[str, Any]:
    """The values of the call's arguments by name; `known` has the names in their order, and what each takes."""
    name = call.name.upper()
    found: dict[str, Any] = {}
    for place, argument in enumerate(call.expressions):
        key = argument.this.name.upper() if isinstance(argument, exp.Kwarg) else None
        if key is None:
            if place >= len(known) or len(found) != place:
                raise _bad(f"too many arguments for function [{name}]")
            key = list(known)[place]
        if key not in known:
            raise _bad(f"invalid parameter name [{key}] for function [{name}]")
        if key in found:
            raise _bad(f"duplicate parameter [{key}] for function [{name}]")
        value = argument.expression if isinstance(argument, exp.Kwarg) else argument
        found[key] = _converted(name, key, known[key], _constant(binder, name, value))
    return {key: value for key, value in found.items() if value is not None}


def _bad(message: str) -> SqlError:
    return invalid(message, 938, "22023")


def _constant(binder: Binding, name: str, value: Expr) -> Any:
    if value.find(exp.Column, exp.Query, exp.Placeholder):
        raise invalid(f"argument of function [{name}] needs to be constant, found '{value.sql('snowflake')}'", 1015)
    select = exp.select(exp.alias_(value.copy(), "x", quoted=True))
    bound = translate(binder.nested(binder.context).bind(select))
    try:
        rows = binder.context.session.duck.execute(bound.sql(dialect="duckdb")).fetchall()
    except duckdb.Error as problem:
        raise from_duckdb(binder.account, problem) from problem
    return rows[0][0]


def _converted(name: str, key: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    fits = {NUMBER: (int,), TEXT: (str,), TRUTH: (bool,), TIME: (datetime, date, str)}[kind]
    if not isinstance(value, fits) or (kind == NUMBER and isinstance(value, bool)):
        raise invalid(f"invalid value [{value}] for parameter '{key}' of function [{name}]: it takes {kind}")
    if kind != TIME or not isinstance(value, (datetime, date, str)):
        return value
    try:
        return moment(value)
    except ValueError:
        raise invalid(f"Timestamp '{value}' is not recognized", 100035, "22007") from None


def moment(value: datetime | date | str) -> datetime:
    """The value as a moment: a date is its midnight, and what has no zone is in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def identifier(text: str) -> str:
    """A name given as a string: folded to upper case unless it is in double quotes."""
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text.upper()
