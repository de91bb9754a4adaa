"""The generated Olist data: the published shape, always the same, and a next day that follows from it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from include.olist.dataset import Dataset, generate, read_folder
from include.olist.days import Market, day_rows
from include.olist.people import Row
from include.olist.shape import CUSTOMER_STATES, MONTHS, PUBLISHED, REVIEW_SCORES, STATUSES, apportion
from include.olist.tables import (
    CUSTOMERS,
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

FIRST = date(2018, 10, 18)
MARKET = Market(["p1", "p2", "p3"], ["s1", "s2"], [("01000", "sao paulo", "SP"), ("20000", "rio", "RJ")], 40)


def rows(data: Dataset, table: Table) -> list[Row]:
    return list(data.rows[table]())


def test_full_scale_is_the_published_shape() -> None:
    """At scale 1 every count that was published is met exactly."""
    data = generate(1, 42)
    orders, items, payments = rows(data, ORDERS), rows(data, ITEMS), rows(data, PAYMENTS)
    assert (len(orders), len(items), len(payments)) == (99_441, 112_650, 103_886)
    assert Counter(row[2] for row in orders) == Counter(STATUSES)
    assert Counter((row[3].year, row[3].month) for row in orders) == Counter(MONTHS)  # type: ignore[attr-defined]
    assert (len({row[0] for row in items}), len({row[0] for row in payments})) == (PUBLISHED.ordered, 99_440)
    assert (len({row[2] for row in items}), len({row[3] for row in items})) == (32_951, 3_095)
    customers, reviews = rows(data, CUSTOMERS), rows(data, REVIEWS)
    assert (len({row[0] for row in customers}), len({row[1] for row in customers})) == (99_441, 96_096)
    assert len({row[4] for row in customers}) == len(CUSTOMER_STATES) == 27
    assert (len(reviews), len({row[1] for row in reviews})) == (99_224, 98_673)
    assert Counter(row[2] for row in reviews) == Counter(REVIEW_SCORES)
    assert 98_300 < len({row[0] for row in reviews}) < 98_500, "about 800 review ids come twice"
    assert (len(rows(data, PRODUCTS)), len(rows(data, SELLERS)), len(rows(data, TRANSLATION))) == (32_951, 3_095, 71)
    assert len({row[1] for row in rows(data, PRODUCTS)} - {None}) == 71


def test_the_same_seed_makes_the_same_rows() -> None:
    """Two runs agree row by row; another seed makes other orders."""
    one, two, other = generate(0.01, 7), generate(0.01, 7), generate(0.01, 8)
    for table in TABLES:
        assert rows(one, table) == rows(two, table), table.name
    assert rows(one, ORDERS) != rows(other, ORDERS)


@pytest.mark.parametrize(("scale", "seed"), [(0.001, 1), (0.01, 42), (0.05, 3)])
def test_keys_fit_together_at_any_scale(scale: float, seed: int) -> None:
    """Keys are unique, and every reference finds its row."""
    data = generate(scale, seed)
    found = {table: rows(data, table) for table in TABLES}
    for table in TABLES:
        places = [table.names.index(name) for name in table.key]
        keys = [tuple(row[place] for place in places) for row in found[table]]
        assert len(keys) == len(set(keys)), table.name
        assert all(len(row) == len(table.columns) for row in found[table])
    orders = {row[0] for row in found[ORDERS]}
    assert {row[1] for row in found[ORDERS]} == {row[0] for row in found[CUSTOMERS]}
    for table, place in ((ITEMS, 0), (PAYMENTS, 0), (REVIEWS, 1)):
        assert {row[place] for row in found[table]} <= orders
    assert {row[2] for row in found[ITEMS]} <= {row[0] for row in found[PRODUCTS]}
    assert {row[3] for row in found[ITEMS]} <= {row[0] for row in found[SELLERS]}


def test_payments_add_up_to_their_order() -> None:
    """The parts of a payment add up to items and freight, but for a little interest on a few."""
    data = generate(0.02, 42)
    value: Counter[object] = Counter()
    for row in rows(data, ITEMS):
        value[row[0]] += Decimal(str(row[5])) + Decimal(str(row[6]))  # type: ignore[assignment]
    paid: Counter[object] = Counter()
    for row in rows(data, PAYMENTS):
        paid[row[0]] += Decimal(str(row[4]))  # type: ignore[assignment]
    different = [order for order in value if order in paid and value[order] != paid[order]]
    assert len(different) < 0.02 * len(value)
    assert all(paid[order] <= value[order] * Decimal("1.03") for order in different)
    assert len(rows(data, PAYMENTS)) > len(paid), "some orders are paid in parts"


def test_a_late_delivery_makes_a_bad_review() -> None:
    """Scores say something: late orders score worse than those in time."""
    data = generate(0.02, 42)
    late = {row[0]: bool(row[6] and row[6] > row[7]) for row in rows(data, ORDERS)}  # type: ignore[operator]
    scores: dict[bool, list[int]] = {True: [], False: []}
    for row in rows(data, REVIEWS):
        scores[late[row[1]]].append(int(str(row[2])))
    assert sum(scores[True]) / len(scores[True]) < sum(scores[False]) / len(scores[False]) - 0.5


def test_parts_add_up_to_the_whole() -> None:
    """Apportioning keeps the total and the proportions, whatever the remainder."""
    for total in (0, 1, 7, 994, 99_441):
        parts = apportion(total, CUSTOMER_STATES)
        assert sum(parts.values()) == total
        assert all(abs(parts[s] - total * CUSTOMER_STATES[s] / 99_441) < 1 for s in parts)


def test_a_day_is_always_the_same_and_days_follow_from_each_other() -> None:
    """A repeated day brings the same rows; the orders of a day change later, and reviews come after delivery."""
    days = [day_rows(FIRST + timedelta(days=n), MARKET, 42) for n in range(40)]
    assert days[5] == day_rows(FIRST + timedelta(days=5), MARKET, 42)
    assert all(len(day[CUSTOMERS]) == len(day[PAYMENTS]) == 40 <= len(day[ITEMS]) for day in days)
    first = {row[0] for row in days[0][CUSTOMERS]}
    reported = [(n, row) for n, day in enumerate(days) for row in day[ORDERS] if row[1] in first]
    statuses = [row[2] for _, row in reported]
    assert {"delivered", "shipped"} <= set(statuses)
    delivered = {row[0]: n for n, row in reported if row[2] == "delivered"}
    reviewed = {row[1]: n for n, day in enumerate(days) for row in day[REVIEWS]}
    assert delivered
    assert all(reviewed[order] >= n for order, n in delivered.items() if order in reviewed)
    for day, found in enumerate(days):
        end = datetime.combine(FIRST + timedelta(days=day + 1), datetime.min.time(), UTC)
        assert all(at is None or at < end for row in found[ORDERS] for at in row[3:7])  # type: ignore[operator]


def test_a_wrong_scale_is_refused() -> None:
    """The refusal names the scale, and one that works."""
    with pytest.raises(SpecError, match=r"0\.001 to 10(?s:.*)0\.1"):
        generate(0, 42)


def test_published_files_are_read_as_they_are(tmp_path: Path) -> None:
    """Headers are checked, a byte order mark is no part of a name, an empty field is no value."""
    for table in TABLES:
        (tmp_path / table.file).write_text(",".join(table.names) + "\n", "utf-8")
    file = tmp_path / TRANSLATION.file
    file.write_text("\ufeff" + file.read_text("utf-8") + "beleza_saude,health_beauty\nvazio,\n", "utf-8")
    assert rows(read_folder(tmp_path), TRANSLATION) == [("beleza_saude", "health_beauty"), ("vazio", None)]


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    """The refusal names the file, and nothing is loaded from the others."""
    with pytest.raises(SpecError, match=r"olist_orders_dataset\.csv"):
        read_folder(tmp_path)
    for table in TABLES:
        (tmp_path / table.file).write_text(",".join(table.names) + "\n", "utf-8")
    (tmp_path / SELLERS.file).write_text("seller,city\n", "utf-8")
    with pytest.raises(SpecError, match=r"olist_sellers_dataset\.csv"):
        read_folder(tmp_path)
