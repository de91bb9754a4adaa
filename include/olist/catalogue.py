"""What is sold and by whom: products with prices, sellers, category names."""

# ruff: noqa: S311  (it makes data, not secrets; its numbers are the shape of that data)

from __future__ import annotations

import random
from dataclasses import dataclass

from include.olist.people import Place, Row, by_state, identity
from include.olist.shape import SELLER_STATES, Shape, deal
from include.olist.words import CATEGORIES


@dataclass(frozen=True, slots=True)
class Offer:
    """A product at one seller, with its price and freight in cents."""

    product: str
    seller: str
    price: int
    freight: int


def translation_rows() -> list[Row]:
    """Return the English name of every category."""
    return list(CATEGORIES.items())


def seller_rows(shape: Shape, found: list[Place], seed: int) -> list[Row]:
    """Return the sellers, in the published proportions of states."""
    rng = random.Random(f"{seed}:sellers")
    homes = by_state(found)
    rows: list[Row] = []
    for number, state in enumerate(deal(shape.sellers, SELLER_STATES)):
        home = rng.choice(homes[state])
        rows.append((identity(seed, "seller", number), home.zip_code, home.city, home.state))
    return rows


def product_rows(shape: Shape, seed: int) -> list[Row]:
    """Return the products: every category has at least one, a few have neither category nor description."""
    rng = random.Random(f"{seed}:products")
    names = list(CATEGORIES)
    rows: list[Row] = []
    for number in range(shape.products):
        product = identity(seed, "product", number)
        # the first round names each category once; then the popular ones, which come first, more often
        category = names[number] if number < len(names) else names[int(len(names) * rng.random() ** 2.2)]
        described = number < len(names) or number < shape.products - shape.uncategorised
        about = (category, rng.randint(20, 63), rng.randint(40, 3900), rng.randint(1, 6))
        size = (int(rng.lognormvariate(6.6, 1.2)) + 50, rng.randint(16, 70), rng.randint(2, 60), rng.randint(11, 60))
        rows.append((product, *(about if described else (None, None, None, None)), *size))
    return rows


def offers(products: list[Row], sellers: list[Row], seed: int) -> list[Offer]:
    """Return one offer for each product; every seller has some as long as there are enough products."""
    rng = random.Random(f"{seed}:offers")
    return [
        Offer(
            product=str(product[0]),
            seller=str(sellers[n][0] if n < len(sellers) else sellers[int(len(sellers) * rng.random() ** 1.6)][0]),
            price=min(673_500, max(85, round(rng.lognormvariate(4.35, 0.9) * 10) * 10 - rng.choice((0, 1, 10)))),
            freight=round(rng.lognormvariate(2.85, 0.45) * 100),
        )
        for n, product in enumerate(products)
    ]
