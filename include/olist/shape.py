"""The published shape of the Brazilian e-commerce dataset by Olist: how many of what, and in which proportions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sluice.errors import SpecError

K = TypeVar("K")

FIRST_DAY = date(2016, 9, 4)
LAST_DAY = date(2018, 10, 17)
SMALLEST, LARGEST = 0.001, 10

MONTHS: Mapping[tuple[int, int], int] = {
    (2016, 9): 4, (2016, 10): 324, (2016, 12): 1,
    (2017, 1): 800, (2017, 2): 1780, (2017, 3): 2682, (2017, 4): 2404, (2017, 5): 3700, (2017, 6): 3245,
    (2017, 7): 4026, (2017, 8): 4331, (2017, 9): 4285, (2017, 10): 4631, (2017, 11): 7544, (2017, 12): 5673,
    (2018, 1): 7269, (2018, 2): 6728, (2018, 3): 7211, (2018, 4): 6939, (2018, 5): 6873, (2018, 6): 6167,
    (2018, 7): 6292, (2018, 8): 6512, (2018, 9): 16, (2018, 10): 4,
}  # fmt: skip
STATUSES: Mapping[str, int] = {
    "delivered": 96478, "shipped": 1107, "canceled": 625, "unavailable": 609,
    "invoiced": 314, "processing": 301, "created": 5, "approved": 2,
}  # fmt: skip
CUSTOMER_STATES: Mapping[str, int] = {
    "SP": 41746, "RJ": 12852, "MG": 11635, "RS": 5466, "PR": 5045, "SC": 3637, "BA": 3380, "DF": 2140, "ES": 2033,
    "GO": 2020, "PE": 1652, "CE": 1336, "PA": 975, "MT": 907, "MA": 747, "MS": 715, "PB": 536, "PI": 495, "RN": 485,
    "AL": 413, "SE": 350, "TO": 280, "RO": 253, "AM": 148, "AC": 81, "AP": 68, "RR": 46,
}  # fmt: skip
SELLER_STATES: Mapping[str, int] = {
    "SP": 1849, "PR": 349, "MG": 244, "SC": 190, "RJ": 171, "RS": 129, "GO": 40, "DF": 30, "ES": 23, "BA": 19,
    "CE": 13, "PE": 9, "PB": 6, "RN": 5, "MS": 5, "MT": 4, "RO": 2, "SE": 2, "MA": 1, "PI": 1, "AC": 1, "PA": 1,
    "AM": 1,
}  # fmt: skip
PAYMENT_TYPES: Mapping[str, int] = {
    "credit_card": 76795, "boleto": 19784, "voucher": 5775, "debit_card": 1529, "not_defined": 3,
}  # fmt: skip
REVIEW_SCORES: Mapping[int, int] = {5: 57328, 4: 19142, 3: 8179, 2: 3151, 1: 11424}


@dataclass(frozen=True, slots=True)
class Shape:
    """The row counts of one dataset."""

    orders: int
    people: int
    """Distinct customer_unique_id: somebody who orders twice has two customer_id."""
    ordered: int
    """Orders that have items."""
    multiple: int
    """Orders of more than one item."""
    items: int
    payments: int
    reviewed: int
    """Orders that have a review."""
    reviews: int
    shared: int
    """Reviews that carry the id of another one."""
    products: int
    uncategorised: int
    """Products without category and description."""
    sellers: int
    places: int
    """Zip code prefixes: one geolocation row each (the original has about fifty for each)."""


PUBLISHED = Shape(
    orders=99441, people=96096, ordered=98666, multiple=9803, items=112650, payments=103886,
    reviewed=98673, reviews=99224, shared=814, products=32951, uncategorised=610, sellers=3095, places=19015,
)  # fmt: skip


def shape(scale: float) -> Shape:
    """Return the published counts times `scale`; scale 1 is exactly the published dataset."""
    if not SMALLEST <= scale <= LARGEST:
        raise SpecError(
            f"choose a scale from {SMALLEST} to {LARGEST}; 1 is the published size",
            where="scale",
            value=scale,
            good="0.1",
            untouched="everything",
        )

    def scaled(count: int) -> int:
        return max(1, round(count * scale))

    return Shape(
        orders=scaled(PUBLISHED.orders),
        people=scaled(PUBLISHED.people),
        ordered=scaled(PUBLISHED.ordered),
        multiple=scaled(PUBLISHED.multiple),
        items=scaled(PUBLISHED.items),
        payments=scaled(PUBLISHED.payments),
        reviewed=scaled(PUBLISHED.reviewed),
        reviews=scaled(PUBLISHED.reviews),
        shared=scaled(PUBLISHED.shared),
        products=max(71, scaled(PUBLISHED.products)),
        uncategorised=scaled(PUBLISHED.uncategorised),
        sellers=max(23, scaled(PUBLISHED.sellers)),
        places=max(100, scaled(PUBLISHED.places)),
    )


def apportion(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Split `total` in proportion to the weights, by largest remainder: the parts add up to it exactly."""
    whole = sum(weights.values())
    parts = {key: total * weight // whole for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: total * weights[key] % whole, reverse=True)
    for key in by_remainder[: total - sum(parts.values())]:
        parts[key] += 1
    return parts


def deal(total: int, weights: Mapping[K, int]) -> list[K]:
    """Return `total` values in the proportions of the weights, grouped."""
    return [key for key, count in apportion(total, weights).items() for _ in range(count)]
