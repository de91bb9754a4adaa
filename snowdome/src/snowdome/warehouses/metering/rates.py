"""Credits per hour of a cluster, by size and kind of its machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

FIRST_GENERATION: Mapping[str, float] = {
    "XSMALL": 1,
    "SMALL": 2,
    "MEDIUM": 4,
    "LARGE": 8,
    "XLARGE": 16,
    "XXLARGE": 32,
    "XXXLARGE": 64,
    "X4LARGE": 128,
    "X5LARGE": 256,
    "X6LARGE": 512,
}
"""Credits per hour of a cluster of generation 1 (user-guide/warehouses-overview)."""

Kind = Literal["STANDARD_GEN_1", "STANDARD_GEN_2", "MEMORY_1X", "MEMORY_16X", "MEMORY_64X", "ADAPTIVE"]
KINDS: tuple[str, ...] = get_args(Kind)
"""What a cluster's machines are: RESOURCE_CONSTRAINT's values (without _X86), and adaptive compute."""

ASSUMED: Mapping[str, float] = dict.fromkeys(KINDS, 1.0)
"""What a kind costs as a multiple of generation 1: only Snowflake's Service Consumption Table, a document outside its
documentation, says so for the other kinds, by cloud and contract. So it is a setting (`POST /snowdome/rates`), and 1
until it is set."""


def per_hour(size: str | None, factor: float = 1.0) -> float:
    """Credits that a cluster of that size uses in an hour; nothing where there is no size."""
    return FIRST_GENERATION[size] * factor if size is not None else 0.0


def kind_of(settings: Mapping[str, object]) -> str:
    """Which kind of machines a warehouse with these effective settings runs on."""
    if settings.get("WAREHOUSE_TYPE") == "ADAPTIVE":
        return "ADAPTIVE"
    return str(settings["RESOURCE_CONSTRAINT"]).upper().removesuffix("_X86")
