"""An environment whose warehouse is stopped in the middle of a promotion: what was taken is given back all the same."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from shop import Shop

from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.journal.events import Kind
from sluice.domain.names import candidate_name
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.promotion.promotion_plan import PROMOTION
from sluice.errors import SluiceError
from sluice.operations.budgets.budgets import by_hand
from sluice.operations.caller import Caller
from sluice.snowflake import journal, warehouses
from sluice.snowflake.connect import connect
from sluice.snowflake.statements import Statement

ENVIRONMENT, WAREHOUSE = "staging", "SHOP_STAGING_WH"


def as_admin(shop: Shop, *statements: str) -> list[dict[str, object]]:
    """Run statements as the administrator; the rows of the last."""
    found: list[dict[str, object]] = []
    with connect(shop.work.connections("snowflake_admin")) as session:
        for sql in statements:
            found = session.run(Statement(sql))
    return found


def hold(shop: Shop, wanted: Restriction) -> None:
    """What a person does at the command line."""
    now = datetime.now(UTC)
    hand = Caller(f"{wanted} {now.isoformat()}", "bob", now)
    by_hand(shop.work, [ENVIRONMENT], wanted, BudgetPolicy(), hand, reason="an incident")


def size(shop: Shop) -> str:
    """The warehouse's size now."""
    (row,) = as_admin(shop, f"show warehouses like '{WAREHOUSE}'")
    return str(row["size"])


def clock(shop: Shop, seconds: int) -> None:
    """So much time passes on the account's clock."""
    address = f"http://127.0.0.1:{shop.port}/snowdome/clock"
    body = json.dumps({"advance_seconds": seconds}).encode()
    urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=30).close()


@pytest.fixture
def staging(new_shop: Shop) -> Iterator[Shop]:
    """Staging has a release live, and dev has another; at the end its warehouse runs again."""
    shop = new_shop
    shop.validated("dev", leaf="select orders, 'before' as version from {{ ref('totals') }}")
    own = as_admin(shop, f"show warehouses like '{WAREHOUSE}'")[0]["resource_monitor"]
    live = shop.live(ENVIRONMENT)
    if live is None or live.release is None:
        shop.promote(ENVIRONMENT)
    shop.validated("dev", leaf=f"select orders, '{shop.now()}' as version from {{{{ ref('totals') }}}}")
    yield shop
    as_admin(shop, f"alter warehouse {WAREHOUSE} set resource_monitor = {own}")
    hold(shop, Restriction.NONE)


@pytest.mark.parametrize("reached", ["clone", "cut_over"])
def test_a_promotion_whose_budget_is_stopped_is_undone(staging: Shop, reached: str) -> None:
    """Suspended after the clone or after the swap: the next stage fails, live is the former again, nothing is held."""
    shop = staging
    before = shop.live(ENVIRONMENT)
    deployment = shop.plan(ENVIRONMENT)
    stages = list(PROMOTION)
    shop.run(deployment, stages[: stages.index(reached) + 1])
    hold(shop, Restriction.SUSPENDED)
    following = stages[stages.index(reached) + 1]
    with pytest.raises(SluiceError, match="No active warehouse"):
        shop.stage(deployment, following)
    undone = shop.stage(deployment, "undo")
    assert undone.facts["swapped_back"] is (reached == "cut_over")
    assert [one.verdict for one in undone.evidence] == ([Verdict.MARGINAL] if reached == "cut_over" else [])
    shop.stage(deployment, "scale_down")
    shop.stage(deployment, "unlock")
    assert shop.live(ENVIRONMENT) == before
    assert candidate_name(shop.work.spec(ENVIRONMENT).database.name, deployment.id).name not in shop.databases()
    assert shop.lock_holder(ENVIRONMENT) is None
    with shop.work.control() as session:
        noted = journal.read(session, deployment=deployment.id, kinds=(Kind.FAILED, Kind.STAGE_DONE))
        state = warehouses.find(session, shop.work.spec(ENVIRONMENT).warehouse.name)
    assert [one.payload["stage"] for one in noted][-4:] == [following, "undo", "scale_down", "unlock"]
    assert state is not None
    assert state.state == "SUSPENDED"
    hold(shop, Restriction.NONE)
    assert size(shop) == "X-Small"


def test_a_promotion_that_a_monitor_stops_gives_back_what_it_took(staging: Shop) -> None:
    """Its resource monitor's quota is reached: the same, for what no budget of ours knows of."""
    shop = staging
    deployment = shop.plan(ENVIRONMENT)
    shop.run(deployment, ("lock", "scale_up"))
    as_admin(
        shop,
        "create or replace resource monitor tiny with credit_quota = 1 frequency = daily "
        "start_timestamp = immediately triggers on 1 percent do suspend_immediate",
        f"alter warehouse {WAREHOUSE} set resource_monitor = tiny",
        f"alter warehouse {WAREHOUSE} resume if suspended",
    )
    clock(shop, 300)
    with pytest.raises(SluiceError, match=r"quota|SQL execution canceled"):
        shop.stage(deployment, "record_undo")
    shop.stage(deployment, "scale_down")
    shop.stage(deployment, "unlock")
    assert shop.lock_holder(ENVIRONMENT) is None
    assert size(shop) == "X-Small"


def test_a_limited_environment_is_not_scaled_up_and_gets_its_own_size_back(staging: Shop) -> None:
    """Limited while a promotion has lent it a larger size: given back is the spec's, not the promotion's."""
    shop = staging
    deployment = shop.plan(ENVIRONMENT)
    shop.run(deployment, ("lock", "scale_up"))
    assert size(shop) == "Small"
    hold(shop, Restriction.THROTTLED)
    assert size(shop) == "X-Small"
    assert "limited" in shop.stage(deployment, "scale_up").summary
    assert size(shop) == "X-Small"
    shop.stage(deployment, "scale_down")
    shop.stage(deployment, "unlock")
    hold(shop, Restriction.NONE)
    assert size(shop) == "X-Small"
