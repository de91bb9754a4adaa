"""The raw database: loaded in one go, and appended to day by day."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from include.olist.dataset import generate, read_folder
from include.olist.days import Market, day_rows
from include.olist.people import Row
from include.olist.shape import LAST_DAY, PUBLISHED
from include.olist.tables import GEOLOCATION, LOADED_AT, MOMENT, ORDERS, PRODUCTS, SELLERS, TABLES, Table
from sluice.domain.names import Identifier, Qualified
from sluice.errors import RefusedError, SpecError
from sluice.snowflake import load as rows_into
from sluice.snowflake.connect import Session

DATABASE, SCHEMA = "OLIST_RAW", "OLIST"
ORDERS_A_DAY = 220
"""At scale 1, as in the dataset's last full month."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What the raw database holds after a load."""

    origin: str
    rows: dict[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class DayReport:
    """What one more day brought: new and changed rows by table."""

    day: date
    rows: dict[str, int]
    seconds: float


def load(
    session: Session,
    *,
    scale: float = 0.1,
    seed: int = 42,
    folder: Path | None = None,
    database: str = DATABASE,
    schema: str = SCHEMA,
    readers: Sequence[str] = (),
    now: datetime | None = None,
    progress: Progress = print,
) -> LoadReport:
    """The raw tables hold the dataset and nothing else, and the readers' roles may read them; repeatable."""
    start = time.monotonic()
    data = read_folder(folder) if folder else generate(scale, seed)
    progress(f"{_elapsed(start)} {data.origin}")
    rows_into.ensure_schema(session, database, schema, "Raw Olist data: outside every promoted database")
    loaded_at = now or datetime.now(UTC)
    counts = {}
    for number, table in enumerate(TABLES, 1):
        target = _target(table, database, schema)
        counts[table.name] = rows_into.replace_rows(session, target, ((*row, loaded_at) for row in data.rows[table]()))
        progress(f"{_elapsed(start)} {number}/{len(TABLES)} {target.table}: {counts[table.name]:,} rows")
    for role in readers:
        rows_into.let_read(session, database, schema, role)
    return LoadReport(data.origin, counts, time.monotonic() - start)


def append_day(
    session: Session,
    *,
    day: date | None = None,
    seed: int = 42,
    database: str = DATABASE,
    schema: str = SCHEMA,
    now: datetime | None = None,
    progress: Progress = print,
) -> DayReport:
    """The raw tables hold one more day, the next one or the one asked for; the same day again changes nothing."""
    start = time.monotonic()
    chosen = day or _next_day(session, database, schema)
    if chosen <= LAST_DAY:
        raise SpecError(
            "the dataset covers this day already",
            where="day",
            value=chosen.isoformat(),
            good=(LAST_DAY + timedelta(days=1)).isoformat(),
            untouched="everything",
        )
    loaded_at = now or datetime.now(UTC)
    counts = {}
    for table, rows in day_rows(chosen, _market(session, database, schema), seed).items():
        if rows:
            target = _target(table, database, schema)
            counts[table.name] = rows_into.merge_rows(session, target, [(*row, loaded_at) for row in rows])
            progress(f"{_elapsed(start)} {chosen} {target.table}: {counts[table.name]:,} rows new or changed")
    return DayReport(chosen, counts, time.monotonic() - start)


def _next_day(session: Session, database: str, schema: str) -> date:
    table = Qualified.of(database, schema, ORDERS.name)
    last = rows_into.largest(session, table, "order_purchase_timestamp")
    if not isinstance(last, datetime):
        raise RefusedError("it has no orders yet", where=str(table), good="python -m include.olist load, first")
    return max(last.date(), LAST_DAY) + timedelta(days=1)


def _market(session: Session, database: str, schema: str) -> Market:
    """Read from the account what can be ordered, so that a day fits generated data and the published files alike."""

    def first(table: Table, columns: Sequence[str], limit: int) -> list[Row]:
        return rows_into.first_rows(session, Qualified.of(database, schema, table.name), columns, limit)

    products = rows_into.count_rows(session, Qualified.of(database, schema, PRODUCTS.name))
    # only tables that no day changes: a repeated day must bring the same rows
    homes = ("geolocation_zip_code_prefix", "geolocation_city", "geolocation_state")
    return Market(
        products=[str(row[0]) for row in first(PRODUCTS, ("product_id",), 500)],
        sellers=[str(row[0]) for row in first(SELLERS, ("seller_id",), 60)],
        homes=first(GEOLOCATION, homes, 1000),
        orders=max(3, round(ORDERS_A_DAY * products / PUBLISHED.products)),
    )


def _target(table: Table, database: str, schema: str) -> rows_into.Target:
    columns = (*table.columns, (LOADED_AT, MOMENT))
    return rows_into.Target(
        Qualified.of(database, schema, table.name),
        tuple(rows_into.Column.of(name, type_) for name, type_ in columns),
        tuple(Identifier.parse(name) for name in table.key),
    )


def _elapsed(start: float) -> str:
    return f"[{time.monotonic() - start:5.1f} s]"
