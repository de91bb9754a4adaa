"""Prices: what is refused by name, and what a size or another currency costs in dollars."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.domain.budgets.prices import Prices, load_prices
from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import ComputeBlock
from sluice.errors import SpecError

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "policies" / "prices.yml"


def test_a_size_in_use_without_a_price_is_refused_with_the_line_to_add() -> None:
    """Of generation 2 nobody has said what MEDIUM costs; of generation 1 it is known."""
    used = [("dev", ComputeBlock(size=Size.SMALL)), ("prod", ComputeBlock(size=Size.MEDIUM, generation="2"))]
    with pytest.raises(SpecError, match="prod uses size MEDIUM of generation 2, which has no price") as refused:
        load_prices(SHIPPED).refuse_unpriced(used, "prices.yml")
    assert refused.value.where == "prices.yml: credits_per_hour.2.MEDIUM"
    assert refused.value.good == 'credits_per_hour: {"2": {MEDIUM: <credits an hour>}}'
    known = Prices.model_validate({"credits_per_hour": {"2": {"MEDIUM": 5.4}}})
    known.refuse_unpriced(used, "prices.yml")


def test_the_size_of_a_promotion_needs_a_price_too() -> None:
    """An environment is larger while something is promoted to it."""
    used = [("prod", ComputeBlock(size=Size.MEDIUM, promotion_size=Size.LARGE, generation="2"))]
    with pytest.raises(SpecError, match="size LARGE of generation 2"):
        Prices.model_validate({"credits_per_hour": {"2": {"MEDIUM": 5.4}}}).refuse_unpriced(used, "prices.yml")


def test_dollars_of_a_currency() -> None:
    """Dollars are dollars; of what nobody has said anything, nothing is guessed."""
    prices = Prices.model_validate({"usd_per": {"EUR": 1.08}})
    assert prices.dollars(3, "USD") == 3
    assert prices.dollars(3, "EUR") == pytest.approx(3.24)
    assert prices.dollars(300, "JPY") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("credit_usd: 0", "greater than"),
        ("credit_usd: -2", "greater than"),
        ("credit_usd: .nan", "finite"),
        ("source: guess", "'file' or 'rate_sheet'"),
        ('credits_per_hour: {"2": {SMAL: 2.7}}', "no such warehouse size"),
        ('credits_per_hour: {"2": {SMALL: 0}}', "greater than"),
        ("storage_usd_per_tb_month: -1", "greater than"),
        ("usd_per: {euro: 1.08}", "pattern"),
        ("usd_per: {EUR: 0}", "greater than"),
        ("credit_eur: 2", "unknown key"),
    ],
)
def test_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    """File, field, bad value and a good one."""
    (tmp_path / "prices.yml").write_text(text)
    with pytest.raises(SpecError) as refused:
        load_prices(tmp_path / "prices.yml")
    said = f"{refused.value} {refused.value.good}"
    assert words in said
    assert "prices.yml" in str(refused.value.where)
