"""AT and BEFORE of a clone: which moment is meant, and whether what there is now is what there was then.

Rows of the past are not kept. A clone as of a moment is served where nothing in its source has changed since; where
something has, it is refused by name rather than answered with rows of another time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from snowdome import access, data
from snowdome.errors import SqlError, invalid, unsupported
from snowdome.grammar.clauses import Clone, TimePoint
from snowdome.objects.drops import retention_days
from snowdome.records import Record, Table, View

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.session import Session


def check(account: Account, session: Session, clone: Clone, source: Record) -> None:
    """The source is now as it was at the moment of the clause, or Snowflake's refusal, or ours by name."""
    if clone.point is None:
        return
    then, now = moment(account, session, clone.point), account.clock.now()
    if then > now or source.created_on > then:
        raise _unavailable(account, source)
    for record in _inside(account, source):
        changed = record.altered_on or record.created_on
        if isinstance(record, Table) and now - then > timedelta(days=retention_days(account, record)):
            if clone.ignore_short_retention:
                raise unsupported("IGNORE TABLES WITH INSUFFICIENT DATA RETENTION where there are such tables")
            raise _unavailable(account, record)
        if changed > then or record.created_on > then or (record.dropped_on or then) > then:
            raise unsupported(f"Time Travel to before {access.full_name(account, record)} changed")


def _unavailable(account: Account, record: Record) -> SqlError:
    message = (
        f"Time travel data is not available for {record.kind.lower()} {access.full_name(account, record)}. "
        "The requested time is either beyond the allowed time travel period or before the object creation time."
    )
    return invalid(message, 707, "02000")


def _inside(account: Account, source: Record) -> Iterator[Record]:
    """The tables and views of the source, dropped ones included."""
    if isinstance(source, (Table, View)):
        yield source
        return
    for inner in account.catalog.within(source.id):
        if isinstance(inner, (Table, View)) or inner.kind == "SCHEMA":
            yield from _inside(account, inner)


def moment(account: Account, session: Session, point: TimePoint) -> datetime:
    """The moment that the clause means."""
    if point.kind == "STATEMENT":
        return _statement(account, point)
    if point.kind == "OFFSET":
        seconds = _value(account, session, f"({point.expression})::DOUBLE")
        if not isinstance(seconds, (int, float)):
            raise invalid(f"invalid value [{point.expression}] for parameter 'OFFSET'")
        return account.clock.now() + timedelta(seconds=float(seconds))
    value = _value(account, session, point.expression)
    if not isinstance(value, datetime):
        raise invalid(f"invalid value [{point.expression}] for parameter 'TIMESTAMP'")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _value(account: Account, session: Session, expression: str) -> object:
    rows = data.execute(account, session, f"SELECT {expression} AS V", None).arrow().to_pylist()
    return rows[0]["V"]


def _statement(account: Account, point: TimePoint) -> datetime:
    wanted = point.expression.strip("'")
    for entry in account.log.entries():
        if entry.query_id == wanted:
            return entry.started if point.side == "BEFORE" else entry.ended or entry.started
    raise invalid(f"Statement {wanted} not found", 707, "02000")
