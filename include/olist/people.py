"""Who buys and where they live: people, their zip codes, the geolocation of those."""

# ruff: noqa: S311  (it makes data, not secrets; its numbers are the shape of that data)

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from include.olist.shape import CUSTOMER_STATES, Shape, deal
from include.olist.words import CENTRES, CITIES

Row = tuple[object, ...]


def identity(*parts: object) -> str:
    """Return 32 hexadecimal digits that are always the same for the same parts."""
    return hashlib.md5(":".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """One zip code prefix."""

    zip_code: str
    city: str
    state: str
    latitude: float
    longitude: float


def places(shape: Shape, seed: int) -> list[Place]:
    """Return the zip code prefixes, in proportion to where customers live, at least one for each state."""
    rng = random.Random(f"{seed}:places")
    states = list(CUSTOMER_STATES) + deal(shape.places - len(CUSTOMER_STATES), CUSTOMER_STATES)
    found = []
    for number, state in enumerate(sorted(states, key=list(CUSTOMER_STATES).index)):
        latitude, longitude = CENTRES[state]
        found.append(
            Place(
                zip_code=f"{1000 + number * 98_000 // shape.places:05d}",
                city=rng.choice(CITIES[state]),
                state=state,
                latitude=round(latitude + rng.gauss(0, 0.6), 6),
                longitude=round(longitude + rng.gauss(0, 0.6), 6),
            )
        )
    return found


def by_state(found: list[Place]) -> dict[str, list[Place]]:
    """Return the places of each state."""
    grouped: dict[str, list[Place]] = {}
    for place in found:
        grouped.setdefault(place.state, []).append(place)
    return grouped


def geolocation_rows(found: list[Place]) -> list[Row]:
    """Return one geolocation row for each zip code prefix."""
    return [(p.zip_code, p.latitude, p.longitude, p.city, p.state) for p in found]


def customer_rows(shape: Shape, found: list[Place], seed: int) -> list[Row]:
    """Return one customer for each order: as many people as published, the rest are their later orders."""
    rng = random.Random(f"{seed}:customers")
    homes = by_state(found)
    states = deal(shape.people, CUSTOMER_STATES)
    rng.shuffle(states)
    people = [(identity(seed, "person", n), rng.choice(homes[state])) for n, state in enumerate(states)]
    buyers = people + [people[rng.randrange(len(people))] for _ in range(shape.orders - len(people))]
    rng.shuffle(buyers)
    return [
        (customer_id(seed, n), person, home.zip_code, home.city, home.state) for n, (person, home) in enumerate(buyers)
    ]


def customer_id(seed: int, order: int | str) -> str:
    """Return the id that the buyer of this order has in it."""
    return identity(seed, "customer", order)
