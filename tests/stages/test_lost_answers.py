"""The line is cut around the swap: markers are believed, nothing is swapped twice, and failures undo themselves."""

from __future__ import annotations

import pytest
from shop import Shop

from sluice.domain.promotion.promotion_plan import PROMOTION
from sluice.errors import RetryError, StopError
from sluice.operations.stage import GateError
from sluice.snowflake import promotion_sql
from snowdome.pytest_plugin import Snowdome

SWAP = "(?i)swap with"


def test_a_cut_line_and_a_failed_verification(running_shop: Shop, server: Snowdome) -> None:
    """Cut before: nothing swapped. Answer lost: swapped once. Live wrong: swapped back, its answer lost too."""
    shop = running_shop
    before = shop.markers("prod")
    orders = (shop.project / "models" / "orders.sql").read_text()
    shop.validated(orders="select 1 as id, 10 as amount")
    shop.write(orders=orders)
    deployment = shop.plan("prod")
    shop.run(deployment, (*PROMOTION[: PROMOTION.index("judge")], "judged"))
    server.fault(SWAP, do="drop", when="before")
    with pytest.raises(RetryError, match="did not take effect"):
        shop.stage(deployment, "cut_over")
    assert shop.live("prod") == before["SHOP_PROD"]
    server.fault(SWAP, do="drop", when="after")
    shop.stage(deployment, "cut_over")
    swapped = shop.live("prod")
    assert swapped is not None
    assert swapped.deployment == deployment.id
    shop.stage(deployment, "cut_over")
    assert shop.live("prod") == swapped
    with pytest.raises(GateError, match="has_orders"):
        shop.stage(deployment, "verify")
    server.fault(SWAP, do="drop", when="after")
    undone = shop.stage(deployment, "undo")
    assert undone.facts["swapped_back"] is True
    assert shop.markers("prod") == before
    assert "swapped back already" in shop.stage(deployment, "undo").summary
    shop.run(deployment, ("scale_down", "unlock"))
    assert shop.value("select orders from shop_prod.analytics.totals") == 2
    assert shop.lock_holder() is None


def test_a_live_that_nobody_recorded_is_left_alone(running_shop: Shop) -> None:
    """When live bears a third deployment, neither cut-over nor undo change anything: a person has to look."""
    shop = running_shop
    found = shop.markers("prod")
    shop.validated(leaf="select orders, 'third' as version from {{ ref('totals') }}")
    deployment = shop.plan("prod")
    shop.run(deployment, ("lock", "record_undo", "clone"))
    live = shop.work.spec("prod").database.name
    marker = found[live.name]
    assert marker is not None
    stranger = type(marker)("prod", "d20200101t000000-abcdef", marker.release)
    with shop.work.session("prod") as session:
        session.run(promotion_sql.mark(live, stranger))
        for stage in ("cut_over", "undo"):
            with pytest.raises(StopError, match="d20200101t000000-abcdef"):
                shop.stage(deployment, stage)
        assert shop.live("prod") == stranger
        session.run(promotion_sql.mark(live, marker))
    shop.run(deployment, ("undo", "unlock"))
    assert shop.markers("prod") == found
