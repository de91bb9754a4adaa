"""When and what people ordered: orders with their life, items, payments, reviews."""

# ruff: noqa: S311, PLR2004  (it makes data, not secrets; its numbers are the shape of that data)

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from include.olist.catalogue import Offer
from include.olist.people import Row, customer_id, identity
from include.olist.shape import (
    LAST_DAY,
    MONTHS,
    PAYMENT_TYPES,
    PUBLISHED,
    REVIEW_SCORES,
    STATUSES,
    Shape,
    apportion,
    deal,
)
from include.olist.words import MESSAGES, TITLES

HOURS = (27, 12, 5, 3, 2, 2, 5, 12, 30, 48, 62, 66, 60, 65, 66, 65, 67, 61, 58, 60, 62, 62, 58, 41)


@dataclass(frozen=True, slots=True)
class Order:
    """One order and its life; a moment that never came is None."""

    id: str
    customer: str
    status: str
    purchased: datetime
    approved: datetime | None
    shipped: datetime | None
    delivered: datetime | None
    estimated: datetime

    @property
    def row(self) -> Row:
        """The order as the file has it."""
        moments = (self.purchased, self.approved, self.shipped, self.delivered, self.estimated)
        return (self.id, self.customer, self.status, *moments)

    @property
    def days_late(self) -> float:
        """Days from the promised to the real delivery; an undelivered order is very late."""
        if self.delivered is None:
            return 30.0
        return (self.delivered - self.estimated).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order."""

    order: Order
    number: int
    offer: Offer

    @property
    def row(self) -> Row:
        """The item as the file has it."""
        limit = (self.order.approved or self.order.purchased) + timedelta(days=6)
        offer = self.offer
        return (
            self.order.id,
            self.number,
            offer.product,
            offer.seller,
            limit,
            money(offer.price),
            money(offer.freight),
        )


def money(cents: int) -> str:
    """Return cents as the amount the files write."""
    return f"{cents // 100}.{cents % 100:02d}"


def moment(day: date, rng: random.Random) -> datetime:
    """Return a moment of that day, more often when people shop."""
    hour = rng.choices(range(24), HOURS)[0]
    return datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=UTC)


def midnight(at: datetime) -> datetime:
    """Return the start of that day."""
    return at.replace(hour=0, minute=0, second=0)


def live(order: str, customer: str, status: str, purchased: datetime, rng: random.Random) -> Order:
    """Return the order with the moments its status has reached."""
    approved = purchased + timedelta(seconds=round(rng.expovariate(1 / 30_000)) + 600)
    shipped = approved + timedelta(seconds=round(rng.lognormvariate(11.9, 0.7)))
    delivered = shipped + timedelta(seconds=round(rng.lognormvariate(13.25, 0.65)))
    reached = {
        "created": 0,
        "approved": 1,
        "processing": 1,
        "invoiced": 1,
        "unavailable": 1,
        "canceled": 1,
        "shipped": 2,
    }
    steps = reached.get(status, 3)
    if status == "canceled" and rng.random() < 0.2:
        steps = 0
    return Order(
        id=order,
        customer=customer,
        status=status,
        purchased=purchased,
        approved=approved if steps >= 1 else None,
        shipped=shipped if steps >= 2 else None,
        delivered=delivered if steps >= 3 else None,
        estimated=midnight(purchased) + timedelta(days=min(60, round(rng.gauss(24, 7)) if rng.random() < 0.97 else 8)),
    )


def make_orders(shape: Shape, seed: int) -> list[Order]:
    """Return the orders by time of purchase: months and statuses as published, the last weeks were canceled."""
    rng = random.Random(f"{seed}:orders")
    moments = []
    for (year, month), count in apportion(shape.orders, MONTHS).items():
        first, last = (4 if (year, month) == (2016, 9) else 1), (17 if (year, month) == (2018, 10) else 28)
        moments += [moment(date(year, month, rng.randint(first, last)), rng) for _ in range(count)]
    moments.sort()
    statuses = deal(shape.orders, STATUSES)
    rng.shuffle(statuses)
    closing = sum(1 for at in moments if at.date() >= date(2018, 9, 1))
    kept = [n for n, status in enumerate(statuses) if status == "canceled"][:closing]
    for place, number in enumerate(kept):
        other = shape.orders - 1 - place
        statuses[number], statuses[other] = statuses[other], statuses[number]
    orders = [
        live(identity(seed, "order", n), customer_id(seed, n), statuses[n], at, rng) for n, at in enumerate(moments)
    ]
    return _with_gaps(orders, rng)


def _with_gaps(orders: list[Order], rng: random.Random) -> list[Order]:
    """Return the orders with the published gaps: some delivered ones lack their date of delivery or approval."""
    delivered = [n for n, order in enumerate(orders) if order.status == "delivered"]
    gaps = max(1, len(orders) * 8 // PUBLISHED.orders)
    holes = rng.sample(delivered, 2 * gaps)
    for place, number in enumerate(holes):
        order = orders[number]
        without_approval = place >= gaps
        orders[number] = Order(
            order.id, order.customer, order.status, order.purchased,
            None if without_approval else order.approved, order.shipped,
            order.delivered if without_approval else None, order.estimated,
        )  # fmt: skip
    last = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 23, 59, 59, tzinfo=UTC)
    return [_until(order, last) for order in orders]


def _until(order: Order, last: datetime) -> Order:
    """Return the order with nothing recorded after the end of the dataset."""

    def seen(at: datetime | None) -> datetime | None:
        return min(at, last) if at else None

    return Order(
        order.id, order.customer, order.status, order.purchased,
        seen(order.approved), seen(order.shipped), seen(order.delivered), order.estimated,
    )  # fmt: skip


def make_items(orders: list[Order], shape: Shape, offers: list[Offer], seed: int) -> list[Item]:
    """Return the items: exactly the published number, every product and seller sold if there are enough."""
    rng = random.Random(f"{seed}:items")
    nothing = {"unavailable": 0, "created": 1, "canceled": 2}
    ranked = sorted(range(len(orders)), key=lambda n: (nothing.get(orders[n].status, 9), rng.random()))
    ordered = sorted(ranked[len(orders) - shape.ordered :])
    counts = dict.fromkeys(ordered, 1)
    multiple = rng.sample(ordered, shape.multiple)
    for number in multiple:
        counts[number] += 1
    for _ in range(shape.items - shape.ordered - shape.multiple):
        counts[rng.choice(multiple)] += 1
    picks = offers[: shape.items] + [
        offers[int(len(offers) * rng.random() ** 2)] for _ in range(shape.items - len(offers))
    ]
    rng.shuffle(picks)
    chosen = iter(picks)
    return [Item(orders[n], line + 1, next(chosen)) for n, count in counts.items() for line in range(count)]


def make_payments(orders: list[Order], items: list[Item], shape: Shape, seed: int) -> list[Row]:
    """Return the payments: all orders but one are paid, some in parts, and the parts add up to the order."""
    rng = random.Random(f"{seed}:payments")
    totals = dict.fromkeys((order.id for order in orders), 0)
    for item in items:
        totals[item.order.id] += item.offer.price + item.offer.freight
    paid = [order.id for order in orders if order.purchased.date() > orders[0].purchased.date()] or list(totals)
    unpaid = {rng.choice(paid)}
    payers = [order.id for order in orders if order.id not in unpaid]
    parts = dict.fromkeys(payers, 1)
    for order_id in rng.choices(payers, k=shape.payments - len(payers)):
        parts[order_id] += 1
    kinds = deal(shape.payments, PAYMENT_TYPES)
    vouchers = [kind for kind in kinds if kind == "voucher"]
    firsts = [kind for kind in kinds if kind != "voucher"]
    extra = shape.payments - len(payers)
    firsts += vouchers[extra:]
    later = vouchers[:extra] + firsts[len(payers) :]
    rng.shuffle(firsts)
    first, second = iter(firsts), iter(later)
    rows: list[Row] = []
    for order_id, count in parts.items():
        # an order without items was paid for all the same; and three in a thousand paid interest on top
        total = totals[order_id] or rng.randint(1500, 30_000)
        total += round(total * 0.02) if rng.random() < 0.003 else 0
        shares = _shares(total, count, rng)
        for number, cents in enumerate(shares):
            kind = next(first) if number == 0 else next(second)
            installments = min(24, 1 + int(rng.expovariate(1 / 2.4))) if kind == "credit_card" else 1
            rows.append((order_id, number + 1, kind, installments, money(cents)))
    return rows


def _shares(total: int, count: int, rng: random.Random) -> list[int]:
    """Return `count` amounts that add up to the total."""
    cuts = sorted(rng.randint(0, total) for _ in range(count - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, total], strict=True)]


def make_reviews(orders: list[Order], shape: Shape, seed: int) -> list[Row]:
    """Return the reviews: the later the delivery the worse the score, some orders have two, some ids come twice."""
    rng = random.Random(f"{seed}:reviews")
    reviewed = rng.sample(orders, shape.reviewed)
    reviewed += rng.choices(reviewed, k=shape.reviews - shape.reviewed)
    scores = deal(shape.reviews, dict(sorted(REVIEW_SCORES.items(), reverse=True)))
    reviewed.sort(key=lambda order: order.days_late + rng.gauss(0, 14))
    ids = [identity(seed, "review", n) for n in range(shape.reviews)]
    for number in rng.sample(range(shape.reviews), shape.shared):
        # one review given for two orders: with the neighbour, whose score is nearly always the same
        ids[number] = identity(seed, "review", number - 1 if number else 1)
    return [review_row(ids[n], order, scores[n], rng) for n, order in enumerate(reviewed)]


def review_row(review: str, order: Order, score: int, rng: random.Random) -> Row:
    """Return the review as the file has it, written the day after the delivery."""
    created = midnight(order.delivered or order.estimated) + timedelta(days=1)
    answered = created + timedelta(seconds=round(rng.expovariate(1 / 200_000)) + 3600)
    title = rng.choice(TITLES) if rng.random() < 0.12 else None
    message = rng.choice(MESSAGES[score]) if rng.random() < 0.41 else None
    return (review, order.id, score, title, message, created, answered)
