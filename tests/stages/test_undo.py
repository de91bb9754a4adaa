"""What undo leaves and what it takes back: decided from the journal and the markers."""

from __future__ import annotations

import pytest
from shop import Shop

from sluice.domain.promotion.promotion_plan import PROMOTION
from sluice.errors import SluiceError
from sluice.operations.promotion.undo import undo
from sluice.operations.stage import GateError
from snowdome.pytest_plugin import Snowdome


def test_what_is_verified_stays_unless_the_run_was_stopped(running_shop: Shop, server: Snowdome) -> None:
    """`settle` failed: the release that passed stays live. Somebody stopped the run: the former comes back."""
    shop = running_shop
    before = shop.markers("prod")
    shop.validated(leaf="select orders, 'verified' as version from {{ ref('totals') }}")
    deployment = shop.plan("prod")
    shop.run(deployment, PROMOTION[: PROMOTION.index("settle")])
    server.fault("(?i)alter database .* rename to", do="error")
    with pytest.raises(SluiceError):
        shop.stage(deployment, "settle")
    assert "it stays" in shop.stage(deployment, "undo").summary
    live = shop.live("prod")
    assert live is not None
    assert live.deployment == deployment.id
    stopped = undo(shop.work, deployment, shop.now(), keep_verified=False)
    assert stopped.facts["swapped_back"] is True
    assert shop.markers("prod") == before
    shop.run(deployment, ("scale_down", "unlock"))


def test_what_passed_once_and_fails_now_is_swapped_back(running_shop: Shop) -> None:
    """Verified again after the run was cleared: the last word of `verify` counts, not its first."""
    shop = running_shop
    before = shop.markers("prod")
    shop.validated(leaf="select orders, 'twice' as version from {{ ref('totals') }}")
    deployment = shop.plan("prod")
    shop.run(deployment, PROMOTION[: PROMOTION.index("settle")])
    shop.do("update analytics.totals set orders = 1")
    with pytest.raises(GateError, match="has_orders"):
        shop.stage(deployment, "verify")
    assert shop.stage(deployment, "undo").facts["swapped_back"] is True
    assert shop.markers("prod") == before
    shop.run(deployment, ("scale_down", "unlock"))


def test_what_is_settled_is_never_undone(running_shop: Shop) -> None:
    """After a success there is nothing to undo, however often it is asked."""
    shop = running_shop
    shop.validated(leaf="select orders, 'settled' as version from {{ ref('totals') }}")
    deployment = shop.plan("prod")
    shop.run(deployment, (*PROMOTION[: PROMOTION.index("settle")], "settle"))
    for keep_verified in (True, False):
        done = undo(shop.work, deployment, shop.now(), keep_verified=keep_verified)
        assert "nothing to undo" in done.summary
    live = shop.live("prod")
    assert live is not None
    assert live.deployment == deployment.id
    shop.run(deployment, ("scale_down", "unlock"))
