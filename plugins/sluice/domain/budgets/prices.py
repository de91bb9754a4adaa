"""include/policies/prices.yml, and conversions between dollars and credits."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import Block, ComputeBlock, Dollars, SizeName
from sluice.domain.yaml_loader import read_model
from sluice.errors import SpecError

Generation = Literal["1", "2"]
Credits = Annotated[float, Field(gt=0)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Prices(Block):
    """The account's prices."""

    credit_usd: Dollars = Decimal(2)
    source: Literal["file", "rate_sheet"] = "file"
    """`rate_sheet`: what a credit costs is read from ORGANIZATION_USAGE.RATE_SHEET_DAILY, where that has rows."""
    usd_per: dict[Currency, Credits] = Field(default_factory=dict)
    """What one of another currency is in dollars, for a rate sheet that is in that one."""
    credits_per_hour: dict[Generation, dict[SizeName, Credits]] = Field(default_factory=dict)
    """Of one running cluster, by generation and size, over the known rates of generation 1 (each size doubles)."""
    storage_usd_per_tb_month: Annotated[float, Field(ge=0)] = 23.0
    cloud_services_free_percent: Annotated[float, Field(ge=0, le=100)] = 10.0
    """Cloud services are billed beyond this share of a day's compute."""
    teams: dict[str, Dollars] = Field(default_factory=dict)
    """What the environments of a team may cost together, a day in dollars; teams not named have no limit."""

    def team(self, name: str) -> Decimal | None:
        """Return the team's limit in dollars a day."""
        return self.teams.get(name)

    def credits(self, dollars: Decimal) -> int:
        """Return the whole credits that hold so many dollars: resource monitors take whole credits only."""
        return int((dollars / self.credit_usd).to_integral_value(ROUND_CEILING))

    def dollars(self, amount: float, currency: str) -> float | None:
        """Return an amount in dollars; None where the rate of that currency is not configured."""
        if currency == "USD":
            return amount
        return amount * self.usd_per[currency] if currency in self.usd_per else None

    def rate(self, size: Size, generation: str) -> float | None:
        """Return the credits an hour of one cluster; None where it is not configured.

        Generation 1: D:user-guide/warehouses-overview. Others stand in Snowflake's Service Consumption Table only.
        """
        configured = self.credits_per_hour.get("2" if generation == "2" else "1", {}).get(size)
        if configured is None and generation != "2":
            return float(size.credits_per_hour)
        return configured

    def refuse_unpriced(self, computes: Iterable[tuple[str, ComputeBlock]], where: str) -> None:
        """Refuse a size in use that has no price; `computes` are warehouse blocks, each with what it is called.

        Raises:
            SpecError: naming the size, the generation and the line to add.
        """
        for name, block in computes:
            for size in {block.size, block.promotion_size or block.size}:
                if self.rate(size, block.generation) is None:
                    raise SpecError(
                        f"{name} uses size {size} of generation {block.generation}, which has no price",
                        where=f"{where}: credits_per_hour.{block.generation}.{size}",
                        good=f'credits_per_hour: {{"{block.generation}": {{{size}: <credits an hour>}}}}',
                        untouched="everything",
                    )


def load_prices(path: Path) -> Prices:
    """Return the prices in this file, or refuse it by name."""
    return read_model(path, Prices)
