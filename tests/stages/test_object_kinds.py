"""What a swap would break is found in live before anything is touched, and in a candidate before it is live."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop import Shop

from sluice.domain.names import candidate_name, deployment_id
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.evidence import Verdict
from sluice.operations.stage import GateError
from sluice.snowflake.connect import connect
from sluice.snowflake.statements import Statement

MADE = {
    "STREAM": "create stream analytics.news on table analytics.orders",
    "TASK": "create task analytics.nightly warehouse = shop_prod_wh schedule = '60 MINUTES' as select 1",
    "DYNAMIC TABLE": (
        "create dynamic table analytics.daily target_lag = '1 day' warehouse = shop_prod_wh as "
        "select sum(amount) as amount from analytics.orders"
    ),
    "PIPE": "create pipe analytics.inflow as copy into analytics.orders from @analytics.files",
}
NAMES = {"STREAM": "NEWS", "TASK": "NIGHTLY", "DYNAMIC TABLE": "DAILY", "PIPE": "INFLOW"}
BEFORE_JUDGE = ("lock", "scale_up", "check_source", "check_target", "record_undo", "clone", "build")


def as_admin(shop: Shop, *statements: str) -> None:
    """Run statements as the administrator."""
    with connect(shop.work.connections("snowflake_admin")) as session:
        for sql in statements:
            session.run(Statement(sql))


def seen(refused: GateError) -> tuple[Verdict, str]:
    """The verdict on kinds of objects, and what it says it saw."""
    (found,) = (one for one in refused.evidence if one.gate == "object kinds")
    return found.verdict, f"{found.observed} {' '.join(found.detail)}"


@pytest.mark.parametrize("kind", list(MADE))
def test_live_that_a_swap_would_break_is_not_promoted_to(running_shop: Shop, kind: str) -> None:
    """A stream, task, dynamic table or pipe in production is named before anything is cloned."""
    shop = running_shop
    before = shop.live("prod")
    deployment = Deployment(deployment_id(shop.now(), kind), "prod", "promotion", shop.validated(), actor="ann")
    shop.do("create stage if not exists analytics.files", MADE[kind])
    try:
        shop.stage(deployment, "lock")
        with pytest.raises(GateError) as refused:
            shop.stage(deployment, "check_target")
        verdict, said = seen(refused.value)
        assert verdict is Verdict.FAIL
        assert kind.lower() in said.lower()
        assert f"ANALYTICS.{NAMES[kind]}" in said
    finally:
        shop.do(f"drop {kind} analytics.{NAMES[kind].lower()}", "drop stage analytics.files")
        shop.stage(deployment, "unlock")
    assert shop.live("prod") == before


def test_a_candidate_with_a_task_is_not_cut_over_to(running_shop: Shop) -> None:
    """What was made in the candidate while it was built is seen when it is judged; live stays."""
    shop = running_shop
    before = shop.live("prod")
    release = shop.validated()
    deployment = replace(
        Deployment(deployment_id(shop.now(), "late"), "prod", "promotion", release, actor="ann"), keep_candidate=False
    )
    candidate = candidate_name(shop.work.spec("prod").database.name, deployment.id).name
    shop.run(deployment, BEFORE_JUDGE)
    shop.do(f"create task {candidate}.analytics.late warehouse = shop_prod_wh schedule = '1 HOUR' as select 1")
    with pytest.raises(GateError) as refused:
        shop.stage(deployment, "judge")
    verdict, said = seen(refused.value)
    assert verdict is Verdict.FAIL
    assert "ANALYTICS.LATE" in said
    shop.run(deployment, ("undo", "scale_down", "unlock"))
    assert shop.live("prod") == before
