"""What `sluice env list` and `sluice env inventory` read: idle time, cost so far, and disagreements by name."""

from __future__ import annotations

from datetime import datetime

import pytest

from sluice.domain.budgets.spend import Provenance
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request
from sluice.operations.budgets.metering import measure
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.overview import disagreements, overview
from sluice.operations.workspace import Workspace
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

HOUR = 3600


PREPARED = {"mine": provisioned("dev")}


@pytest.fixture
def mine(work: Workspace, morning: datetime) -> str:
    """Dev stands; John's empty environment is there."""
    name = EphemeralName.make("dev", "orders", "john", morning.date())
    create(work, "feature", Request(name, "john", "data", "x", base=""), work.now(), holder="c", actor="john")
    measure(work, work.now())
    return str(name)


def test_cost_is_known_at_once_and_metered_later(work: Workspace, account: Snowdome, mine: str) -> None:
    """An hour of XSMALL is about USD 2, first as an estimate, then as Snowflake says it; idle time goes on."""
    with work.including(mine).session(mine) as session:
        session.run(Statement(f"CREATE TABLE {mine.upper()}.PUBLIC.T AS SELECT 1 AS A"))
        for _ in range(12):
            session.run(Statement(f"SELECT A FROM {mine.upper()}.PUBLIC.T"))
            account.clock(advance_seconds=50)
            session.run(Statement(f"SELECT A FROM {mine.upper()}.PUBLIC.T"))
            account.clock(advance_seconds=50)
            measure(work, work.now())
    (now,) = overview(work, work.now())
    assert now.cost.usd == pytest.approx(2 * 1200 / HOUR, rel=0.1)
    assert now.cost.provenance is Provenance.ESTIMATED
    account.clock(advance_seconds=9 * HOUR)
    (later,) = overview(work, work.now())
    assert later.cost.usd == pytest.approx(now.cost.usd, rel=0.15)
    assert later.cost.provenance is Provenance.METERED
    idle = later.idle(work.now())
    assert idle is not None
    assert idle.total_seconds() > 8 * HOUR


def test_what_only_one_side_knows_is_named(work: Workspace, mine: str) -> None:
    """A database dropped by hand, and one that bears our marker and is in no journal."""
    assert disagreements(work) == []
    with work.control() as session:
        session.run(Statement(f"DROP DATABASE {mine.upper()}"))
        comment = '{"sluice": 1, "environment": "dev_ghost_john_20261101", "deployment": null, "release": null}'
        session.run(Statement("CREATE DATABASE GHOST COMMENT = %s", (comment,)))
    reported = disagreements(work)
    assert len(reported) == 2
    assert any(line.startswith(mine) and "not there" in line for line in reported)
    assert any(line.startswith("GHOST") and "the journal does not know it" in line for line in reported)
