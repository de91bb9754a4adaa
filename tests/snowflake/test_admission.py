"""Admission on an account: builds in the journal, what today has cost and an override decide whether one begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request
from sluice.domain.journal.events import Event
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.specs.blocks import AtLimit
from sluice.errors import RefusedError
from sluice.operations.budgets.admission import admitted, next_build
from sluice.operations.budgets.budgets import override
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import create
from sluice.operations.promotion.candidate import BUILT
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

POLICY = BudgetPolicy()
DEPLOYMENT = Deployment("d20261120t100000-aaaaaa", "dev", "refresh", "r1")
PLANNED = StageReport("plan", "r1 → dev", {"built": ["model.x.a"]})


PREPARED = {"home": provisioned("dev")}


@pytest.fixture
def home(work: Workspace, morning: datetime) -> Workspace:
    """Dev stands, in the morning."""
    return work


def build(work: Workspace, number: int, minutes: float, environment: str = "dev") -> None:
    """A build of one model that took so long on SMALL: USD 4 an hour."""
    facts = {
        "build_seconds": minutes * 60,
        "model_seconds": {"model.x.a": minutes * 60},
        "size": "SMALL",
        "generation": "1",
        "everything": False,
    }
    at = work.now() - timedelta(days=number)
    with work.control() as session:
        event = Event.once(
            "", at=at, actor="ann", environment=environment, kind=BUILT, deployment=f"d{number}", payload=facts
        )
        journal.append(session, event)


def with_budget(work: Workspace, usd: int, at_limit: AtLimit = AtLimit.SUSPEND) -> Workspace:
    """The same with other dollars a day for dev."""
    dev = work.spec("dev")
    budget = dev.budget.model_copy(update={"daily_usd": Decimal(usd), "at_limit": at_limit})
    return replace(work, environments={**work.environments, "dev": dev.model_copy(update={"budget": budget})})


def test_builds_before_it_decide(home: Workspace) -> None:
    """USD 2, 2 and 4: what has room for four begins, for three is asked about, for one is refused, changing nothing."""
    (before,) = admitted(home, DEPLOYMENT, PLANNED, POLICY, home.now()).evidence
    assert (before.verdict, before.observed[:7]) == (Verdict.PASS, "unknown")
    for number, minutes in ((1, 30), (2, 30), (3, 60)):
        build(home, number, minutes)
    (enough,) = admitted(home, DEPLOYMENT, PLANNED, POLICY, home.now()).evidence
    assert (enough.verdict, enough.observed) == (
        Verdict.PASS,
        "USD 2.00 (p50), 3.60 (p90) for the build, from 3 previous builds",
    )
    (some,) = admitted(with_budget(home, 3), DEPLOYMENT, PLANNED, POLICY, home.now()).evidence
    assert some.verdict is Verdict.MARGINAL
    scarce = with_budget(home, 1)
    with home.control() as session:
        events = len(journal.read(session))
    with pytest.raises(RefusedError, match=r"predicted cost: USD 2.00 .* of today's budget is left") as refused:
        admitted(scarce, DEPLOYMENT, PLANNED, POLICY, home.now())
    assert "sluice budget override dev" in str(refused.value.good)
    with home.control() as session:
        assert len(journal.read(session)) == events
    now = home.now()
    override(scarce, "dev", 5, now + timedelta(hours=2), Caller("ann", "ann", now), reason="month-end close")
    assert admitted(scarce, DEPLOYMENT, PLANNED, POLICY, now).evidence[0].verdict is Verdict.PASS
    watched, late = with_budget(home, 1, AtLimit.WATCH), now + timedelta(hours=3)
    assert admitted(watched, DEPLOYMENT, PLANNED, POLICY, late).evidence[0].verdict is Verdict.MARGINAL


def test_what_today_has_cost_is_not_left(home: Workspace, account: Snowdome) -> None:
    """An hour of its warehouse, USD 4, is gone from five: what would cost two is refused."""
    for number in (1, 2, 3):
        build(home, number, 30)
    with home.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=3600)
    with pytest.raises(RefusedError, match=r"USD (1\.0|0\.9)\d of today's budget is left"):
        admitted(with_budget(home, 5), DEPLOYMENT, PLANNED, POLICY, home.now())


def test_a_new_environment_is_judged_by_its_kin(home: Workspace) -> None:
    """Without any of its kind the cost is unknown and it is made; nothing is asked where a policy does not want it."""
    spec = home.spec("dev").model_copy(update={"name": "dev_orders_ann_20261120"})
    (said,) = next_build(home, spec, POLICY, home.now())
    assert (said.verdict, said.observed) == (Verdict.PASS, "unknown: 0 builds like it are on record, 3 are needed")
    off = POLICY.model_copy(update={"admission": POLICY.admission.model_copy(update={"enabled": False})})
    assert next_build(home, spec, off, home.now()) == ()
    assert admitted(home, DEPLOYMENT, PLANNED, off, home.now()).evidence == ()


def test_a_refresh_is_judged_by_its_own_builds_or_its_kins(home: Workspace, morning: datetime) -> None:
    """Its kind's builds count while it has too few; three of its own say otherwise; what has not the budget is refused.

    Asking changes nothing: a meter's table that is not there is not made.
    """
    names = []
    for feature in ("orders", "returns"):
        name = EphemeralName.make("dev", feature, "ann", morning.date())
        create(home, "feature", Request(name, "ann", "data", "a mart", base=""), morning, holder=feature, actor="ann")
        names.append(str(name))
    mine, kin = names
    with home.control() as session:
        session.run(Statement("DROP TABLE SLUICE.CONTROL.METER"))
    spec = home.including(mine).spec(mine)
    for number in (1, 2, 3):
        build(home, number, 60, kin)
    (by_kin,) = next_build(home, spec, POLICY, home.now())
    assert "from 3 previous builds" in by_kin.observed
    for number in (4, 5, 6, 7):
        build(home, number, 0.6, mine)
    (by_own,) = next_build(home, spec, POLICY, home.now())
    assert "from 4 previous builds" in by_own.observed
    poor = spec.model_copy(update={"budget": spec.budget.model_copy(update={"daily_usd": Decimal("0.01")})})
    with pytest.raises(RefusedError, match="predicted cost: USD"):
        next_build(home, poor, POLICY, home.now())
    with home.control() as session:
        assert not session.run(Statement("SHOW TABLES LIKE 'METER' IN SCHEMA SLUICE.CONTROL"))


def test_the_price_is_the_rate_sheets(home: Workspace, account: Snowdome) -> None:
    """Where the policy takes a credit's price from the account, a prediction does too."""
    for number in (1, 2, 3):
        build(home, number, 60)
    row = {
        "DATE": str(home.now().date() - timedelta(days=2)),
        "SERVICE_TYPE": "WAREHOUSE_METERING",
        "RATING_TYPE": "compute",
    }
    account.control("history", {"view": "RATE_SHEET_DAILY", "rows": [{**row, "EFFECTIVE_RATE": 4}]}, "POST")
    sheet = replace(home, prices=home.prices.model_copy(update={"source": "rate_sheet"}))
    found = [admitted(one, DEPLOYMENT, PLANNED, POLICY, home.now()).evidence[0].observed for one in (home, sheet)]
    account.control("history", method="DELETE")
    assert [one.split(" (p50)")[0] for one in found] == ["USD 4.00", "USD 8.00"]
