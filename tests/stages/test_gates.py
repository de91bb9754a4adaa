"""The gates that a plan lists are the gates that judge: both come from one table."""

from __future__ import annotations

import pytest

from sluice.domain.promotion.gate_policy import Gates, Metric
from sluice.operations.promotion.gates import GATES, gate_names

METRIC = Metric.model_validate({"name": "rows", "sql": "select count(*) from marts.sales", "tolerance_percent": 1})
ALL = Gates(metrics=(METRIC,))
BLOCKS = [name for name in Gates.model_fields if name != "marginal"]


def test_every_gate_of_the_policy_is_in_the_table() -> None:
    """A block of gates.yml that no gate judges would be accepted and ignored; a name is given once."""
    assert sorted(gate.block for gate in GATES) == sorted(BLOCKS)
    assert len({gate.name for gate in GATES}) == len(GATES)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_gate_that_is_off_is_neither_planned_nor_judged(block: str) -> None:
    """Switched off, its name alone is missing."""
    off: object = () if block == "metrics" else getattr(ALL, block).model_copy(update={"enabled": False})
    without = gate_names(ALL.model_copy(update={block: off}))
    (gate,) = (gate for gate in GATES if gate.block == block)
    assert without == tuple(name for name in gate_names(ALL) if name != gate.name)
