"""Spend: how a figure is known."""

from __future__ import annotations

import pytest

from sluice.domain.budgets.spend import Figure, Provenance


@pytest.mark.parametrize(
    ("usd", "estimated", "known"),
    [
        (0.0, 0.0, Provenance.METERED),
        (0.67, 1e-13, Provenance.METERED),  # a few bytes that are stored
        (0.67, 0.1, Provenance.MIXED),
        (0.67, 0.67, Provenance.ESTIMATED),
        (1e-13, 1e-13, Provenance.ESTIMATED),
    ],
)
def test_provenance_is_told_to_a_percent(usd: float, estimated: float, known: Provenance) -> None:
    """What is estimated of it and would not be seen does not count."""
    assert Figure(usd, usd / 2, estimated).provenance is known
