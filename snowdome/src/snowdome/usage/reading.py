"""Reading a usage view: a DuckDB view for one statement, over what is kept and what is made for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from snowdome.usage.columns import Shape
from snowdome.usage.store import ARROW, USAGE

if TYPE_CHECKING:
    from snowdome.state.session import Session
    from snowdome.usage.account import Account

YEAR = timedelta(days=365)
Rows = Iterable[Sequence[Any]]


@dataclass(slots=True)
class Reading:
    """One statement that reads usage views: for whom, when, and what was registered for it."""

    account: Account
    session: Session
    now: datetime
    registered: list[str] = field(default_factory=list)

    def late(self, shape: Shape) -> datetime:
        """What happened after this is not yet in the view."""
        return self.now - shape.latency

    def rows(self, columns: dict[str, str], rows: Rows) -> str:
        """The rows as a relation that the statement can read: its name."""
        by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [pa.array(values, type=ARROW[kind]) for kind, values in zip(columns.values(), by_column, strict=True)]
        return self.table(pa.Table.from_arrays(arrays, names=list(columns)))

    def table(self, table: pa.Table) -> str:
        """The table as a relation that the statement can read: its name."""
        name = f"r{self.account.catalog.new_id()}"
        self.session.duck.register(name, table)
        self.registered.append(name)
        return name

    def view(self, sql: str) -> str:
        """The query as a relation that the statement can read: its name."""
        name = f"u{self.account.catalog.new_id()}"
        self.session.duck.execute(f'CREATE TEMP VIEW "{name}" AS {sql}')
        self.registered.append(name)
        return name


Reader = Callable[[Reading, Shape], str]


def at(moment: datetime) -> str:
    """The moment as DuckDB writes it."""
    return f"TIMESTAMPTZ '{moment.isoformat(sep=' ')}'"


def hour(moment: str) -> str:
    """The beginning of the UTC hour of an SQL expression, whatever the session's time zone."""
    return f"date_trunc('hour', ({moment}) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"


def kept(reading: Reading, shape: Shape) -> str:
    """What is kept of a history, as far as the clock says that the view has it, and not older than a year."""
    return (
        f"SELECT {shape.select()} FROM {USAGE}.main.{shape.kept} "
        f"WHERE {shape.when} <= {at(reading.late(shape))} AND {shape.when} > {at(reading.now - YEAR)}"
    )
