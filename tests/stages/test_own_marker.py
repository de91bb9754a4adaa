"""Whose live is, it says itself: one that does not stops everything, and one that was adopted can come back."""

from __future__ import annotations

import pytest
from shop import Shop

from sluice.domain.names import Marker
from sluice.errors import StopError
from sluice.snowflake.statements import Statement


def comment(shop: Shop, text: str) -> None:
    """Somebody else's tool gives live another comment."""
    with shop.work.session("prod") as session:
        session.run(Statement("alter database shop_prod set comment = %s", (text,)))


def test_an_adopted_production_comes_back_from_its_first_promotion(new_shop: Shop) -> None:
    """What was there before sluice is kept under a name of its own, and a rollback brings it back."""
    shop = new_shop
    shop.do("create schema analytics", "create table analytics.legacy as select 42 as answer")
    comment(shop, Marker("prod").comment)
    shop.validated()
    shop.promote("prod")
    assert shop.value("select orders from shop_prod.analytics.totals") == 2
    retained = [name for name in shop.databases() if "__R_" in name]
    assert len(retained) == 1
    shop.rollback("prod")
    assert shop.value("select answer from shop_prod.analytics.legacy") == 42
    assert shop.lock_holder() is None


@pytest.mark.parametrize("text", ["managed by terraform", Marker("staging").comment])
def test_a_live_that_does_not_say_whose_it_is_stops_everything(new_shop: Shop, text: str) -> None:
    """A changed comment is found before anything is planned: neither a promotion nor a rollback begins."""
    shop = new_shop
    marker = shop.live("prod")
    assert marker is not None
    comment(shop, text)
    before = shop.databases()
    with pytest.raises(StopError, match="does not say that it is live of prod"):
        shop.plan("prod")
    with pytest.raises(StopError, match="does not say that it is live of prod"):
        shop.rollback("prod")
    assert shop.databases() == before
    comment(shop, marker.comment)
