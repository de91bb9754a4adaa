"""AT and BEFORE of a clone: which moment is meant, and what was there then.

https://docs.snowflake.com/en/sql-reference/sql/create-clone: objects that were dropped since are cloned too, those made
since are not. Whose retention does not reach back fails the clone unless the statement says to leave such tables out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fakesnow.dialect import parse_one

from snowdome.errors import invalid, unsupported
from snowdome.query import time_travel, time_travel_clause
from snowdome.query.binder import Binder
from snowdome.query.identifiers import normalise
from snowdome.query.time_travel import Moment
from snowdome.security.resolve import Context
from snowdome.state.records import Record, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.sql.grammar.clauses import Clone, TimePoint
    from snowdome.state.session import Session


def moment(account: Account, session: Session, clone: Clone, source: Record) -> Moment | None:
    """The moment the clause means, at which the source was there; None where there is no clause."""
    if clone.point is None:
        return None
    found = of_point(account, session, clone.point)
    if found.precedes(source.created_on, source.id):
        raise time_travel.unavailable(account, source)
    return found


def of_point(account: Account, session: Session, point: TimePoint) -> Moment:
    """The moment that the clause means."""
    expression = normalise(parse_one(f"SELECT {point.expression} AS V")).expressions[0].this
    return time_travel_clause.of(Binder(account, Context.of(session)), point.side, point.kind, expression)


def there(account: Account, parent: int, at: Moment, classes: tuple[type[Record], ...]) -> list[Record]:
    """What was in the container at the moment."""
    found: dict[tuple[str, str], Record] = {}
    for record in account.catalog.within(parent):
        gone = record.dropped_on is not None and not at.precedes_drop(record.dropped_on)
        if not isinstance(record, classes) or at.precedes(record.created_on, record.id) or gone:
            continue
        other = found.setdefault((record.space, record.name), record)
        if other is not record:
            raise unsupported(f"Time Travel to before two objects named {record.name} had other names")
    container = account.catalog.peek(parent)
    if isinstance(container, Schema) and container.forgotten is not None and at.at < container.forgotten:
        raise unsupported(f"Time Travel of schema {container.name} to before what was replaced there many times since")
    return list(found.values())


def kept(account: Account, tables: Iterator[Record], at: Moment, clone: Clone) -> Iterator[Record]:
    """The records, without tables whose retention does not reach back where the clone says so; else 000707."""
    for record in tables:
        if isinstance(record, Table) and not time_travel.within_retention(account, record, at):
            if clone.ignore_short_retention:
                continue
            raise time_travel.unavailable(account, record)
        yield record


def refuse_hybrid(clone: Clone, table: Table) -> None:
    """A hybrid table has no past to clone: Snowflake needs IGNORE HYBRID TABLES."""
    if clone.point is not None and not clone.ignore_hybrid_tables:
        raise invalid(
            f"Time Travel is not supported for hybrid table '{table.name}': use IGNORE HYBRID TABLES to leave it out.",
            391_822,
            "0A000",
        )
