"""A stage that was skipped, by "mark success" too, clears nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop import Shop

from sluice.domain.names import deployment_id
from sluice.domain.promotion.cutover import named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.errors import RefusedError
from sluice.operations.promotion.approvals import record
from sluice.operations.status import audit


def test_a_cut_over_needs_a_verdict_and_an_approval_of_what_is_live(shop: Shop) -> None:
    """Judge skipped, nobody asked, or live another than was shown: refused, live stays; the audit says who approved."""
    prod = shop.work.spec("prod")
    asking = prod.model_copy(update={"promotion": prod.promotion.model_copy(update={"approval": True})})
    shop = replace(shop, work=shop.work.knowing(asking))
    now, before = shop.now(), shop.live("prod")
    deployment = Deployment(deployment_id(now, "clearance"), "prod", "promotion", "r0000000000000001")
    shop.run(deployment, ("lock", "record_undo", "clone"))
    try:
        with pytest.raises(RefusedError, match="not passed it"):
            shop.stage(deployment, "cut_over")
        shop.stage(deployment, "judged")
        with pytest.raises(RefusedError, match="nobody has approved"):
            shop.stage(deployment, "cut_over")
        for live_now, says in (("deployment d0 of prod", "it was approved when"), (named(before), None)):
            shown = StageReport("plan", "1 built", {"live_now": live_now})
            record(shop.work, deployment, "promotion", [shown], "bob")
            if says:
                with pytest.raises(RefusedError, match=says):
                    shop.stage(deployment, "cut_over")
        assert shop.live("prod") == before
        shop.stage(deployment, "cut_over")
        assert shop.live("prod") != before
        approvers = [event.actor for event in audit(shop.work, "prod") if event.kind == "approval.given"]
        assert approvers[-2:] == ["bob", "bob"]
    finally:
        shop.run(deployment, ("undo", "unlock"))
    assert shop.live("prod") == before
