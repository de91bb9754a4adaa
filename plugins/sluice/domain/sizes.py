"""Warehouse sizes: how people and Snowflake spell them, and what an hour of each costs in credits."""

from __future__ import annotations

from enum import StrEnum


class Size(StrEnum):
    """A warehouse size, in the spelling that needs no quotes."""

    XSMALL = "XSMALL"
    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"
    XLARGE = "XLARGE"
    XXLARGE = "XXLARGE"
    XXXLARGE = "XXXLARGE"
    X4LARGE = "X4LARGE"
    X5LARGE = "X5LARGE"
    X6LARGE = "X6LARGE"

    @property
    def credits_per_hour(self) -> int:
        """Credits an hour of one Gen1 cluster: each size doubles the one before."""
        return int(2 ** list(Size).index(self))

    @classmethod
    def read(cls, text: str) -> Size:
        """Return the size meant by any of Snowflake's spellings, e.g. `X-Small`, `2XLARGE`; ValueError otherwise."""
        plain = text.strip().strip("'").upper().replace("-", "").replace("_", "")
        return cls(_SPELLINGS.get(plain, plain))


_SPELLINGS = {
    "X2LARGE": "XXLARGE",
    "2XLARGE": "XXLARGE",
    "X3LARGE": "XXXLARGE",
    "3XLARGE": "XXXLARGE",
    "4XLARGE": "X4LARGE",
    "5XLARGE": "X5LARGE",
    "6XLARGE": "X6LARGE",
}
