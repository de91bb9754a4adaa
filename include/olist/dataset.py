"""The whole dataset as rows: generated, or read from the published files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.olist import catalogue, orders, people
from include.olist.people import Row
from include.olist.shape import shape as shape_of
from include.olist.tables import (
    CUSTOMERS,
    GEOLOCATION,
    ITEMS,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    REVIEWS,
    SELLERS,
    TABLES,
    TRANSLATION,
    Table,
)
from sluice.errors import SpecError


@dataclass(frozen=True, slots=True)
class Dataset:
    """The nine tables, each read when it is asked for."""

    origin: str
    rows: Mapping[Table, Callable[[], Iterable[Row]]]


def generate(scale: float, seed: int) -> Dataset:
    """Return the dataset at this scale: the same rows for the same scale and seed, on every machine."""
    shape = shape_of(scale)
    found = people.places(shape, seed)
    products = catalogue.product_rows(shape, seed)
    sellers = catalogue.seller_rows(shape, found, seed)
    made = orders.make_orders(shape, seed)
    items = orders.make_items(made, shape, catalogue.offers(products, sellers, seed), seed)
    return Dataset(
        f"generated at scale {scale:g} with seed {seed}",
        {
            CUSTOMERS: lambda: people.customer_rows(shape, found, seed),
            GEOLOCATION: lambda: people.geolocation_rows(found),
            ITEMS: lambda: (item.row for item in items),
            PAYMENTS: lambda: orders.make_payments(made, items, shape, seed),
            REVIEWS: lambda: orders.make_reviews(made, shape, seed),
            ORDERS: lambda: (order.row for order in made),
            PRODUCTS: lambda: products,
            SELLERS: lambda: sellers,
            TRANSLATION: catalogue.translation_rows,
        },
    )


def read_folder(folder: Path) -> Dataset:
    """Return the dataset of the published files, after checking that all are there with their columns."""
    missing = [table.file for table in TABLES if not (folder / table.file).is_file()]
    if missing:
        raise SpecError(
            f"it lacks {', '.join(missing)}",
            where="OLIST_DIR",
            value=str(folder),
            good="a folder with the nine published CSV files, or no OLIST_DIR: then the data is generated",
            untouched="everything",
        )
    for table in TABLES:
        _check_header(folder / table.file, table)

    def reader(table: Table) -> Callable[[], Iterable[Row]]:
        return lambda: _read(folder / table.file)

    return Dataset(f"read from {folder}", {table: reader(table) for table in TABLES})


def _check_header(path: Path, table: Table) -> None:
    with path.open(encoding="utf-8-sig", newline="") as text:
        header = tuple(next(csv.reader(text), ()))
    if header != table.names:
        raise SpecError(
            "these are not the published columns",
            where=str(path),
            value=", ".join(header),
            good=", ".join(table.names),
            untouched="everything",
        )


def _read(path: Path) -> Iterator[Row]:
    # utf-8-sig: one of the published files starts with a byte order mark
    with path.open(encoding="utf-8-sig", newline="") as text:
        lines = csv.reader(text)
        next(lines)
        yield from (tuple(value or None for value in line) for line in lines)
