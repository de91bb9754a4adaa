"""A new day arrives: orders of that day, and what has happened meanwhile to the orders of the days before."""

# ruff: noqa: S311, PLR2004  (it makes data, not secrets; its numbers are the shape of that data)

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from include.olist.catalogue import Offer
from include.olist.orders import Item, Order, live, moment, money, review_row
from include.olist.people import Row, customer_id, identity
from include.olist.shape import LAST_DAY
from include.olist.tables import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, REVIEWS, Table

MEMORY = 45
"""Days for which an order is followed."""


@dataclass(frozen=True, slots=True)
class Market:
    """What is there to be ordered, and by whom."""

    products: Sequence[str]
    sellers: Sequence[str]
    homes: Sequence[Row]
    """Zip code prefix, city, state."""
    orders: int
    """Orders a day."""


def day_rows(day: date, market: Market, seed: int) -> dict[Table, list[Row]]:
    """Return what `day` adds and changes: the same rows for the same day, market and seed."""
    end = datetime.combine(day, time.max, UTC)
    before = end - timedelta(days=1)
    rows: dict[Table, list[Row]] = {table: [] for table in (CUSTOMERS, ORDERS, ITEMS, PAYMENTS, REVIEWS)}
    start = max(LAST_DAY + timedelta(days=1), day - timedelta(days=MEMORY))
    for ago in range((day - start).days, -1, -1):
        for number in range(market.orders):
            _tell(_story(day - timedelta(days=ago), number, market, seed), before, end, rows)
    return rows


@dataclass(frozen=True, slots=True)
class _Story:
    order: Order
    items: list[Item]
    customer: Row
    payment: Row
    review: Row


def _story(day: date, number: int, market: Market, seed: int) -> _Story:
    """Return the whole life of one order of that day."""
    key = f"{day.isoformat()}:{number}"
    rng = random.Random(f"{seed}:{key}")
    status = "canceled" if rng.random() < 0.01 else "delivered"
    order = live(identity(seed, "order", key), customer_id(seed, key), status, moment(day, rng), rng)
    items = [Item(order, line + 1, _offer(market, seed, rng)) for line in range(1 if rng.random() < 0.9 else 2)]
    # one in ten has bought the day before
    person = f"{day - timedelta(days=1)}:{rng.randrange(market.orders)}" if rng.random() < 0.1 else key
    customer = (order.customer, identity(seed, "person", person), *rng.choice(market.homes))
    total = sum(item.offer.price + item.offer.freight for item in items)
    kind = rng.choice(("credit_card", "credit_card", "credit_card", "boleto"))
    payment = (order.id, 1, kind, rng.randint(1, 6) if kind == "credit_card" else 1, money(total))
    review = review_row(identity(seed, "review", key), order, rng.choice((5, 5, 5, 4, 4, 3, 1)), rng)
    return _Story(order, items, customer, payment, review)


def _offer(market: Market, seed: int, rng: random.Random) -> Offer:
    product = rng.choice(market.products)
    own = random.Random(f"{seed}:{product}")
    return Offer(product, own.choice(market.sellers), own.randint(990, 30_000), own.randint(700, 3000))


def _tell(story: _Story, before: datetime, end: datetime, rows: dict[Table, list[Row]]) -> None:
    """Add what became known of the order after `before` and up to `end`."""
    now, then = _seen(story.order, end), _seen(story.order, before)
    if now is not None and now != then:
        rows[ORDERS].append(now.row)
    if story.order.purchased > before:
        rows[CUSTOMERS].append(story.customer)
        rows[ITEMS] += [item.row for item in story.items]
        rows[PAYMENTS].append(story.payment)
    created = story.review[5]
    if isinstance(created, datetime) and story.order.delivered and before < created <= end:
        rows[REVIEWS].append(story.review)


def _seen(order: Order, at: datetime) -> Order | None:
    """Return the order as it was known at that moment, or None: not yet."""
    if order.purchased > at:
        return None
    approved, shipped, delivered = (
        moment if moment and moment <= at else None for moment in (order.approved, order.shipped, order.delivered)
    )
    if order.status == "canceled":
        status = "canceled" if at - order.purchased > timedelta(days=2) else "created"
    else:
        status = "delivered" if delivered else "shipped" if shipped else "processing" if approved else "created"
    return Order(order.id, order.customer, status, order.purchased, approved, shipped, delivered, order.estimated)
