"""The way of a release: dev, staging, production, and back."""

from __future__ import annotations

import json

import pytest
from shop import Shop

from sluice.domain.promotion.deployments import StageReport
from sluice.errors import RefusedError, SpecError
from sluice.operations.promotion import stages
from sluice.operations.promotion.approvals import record
from sluice.operations.rollback import rollback


def _facts(reports: list[StageReport], stage: str) -> dict[str, object]:
    return dict(next(one.facts for one in reports if one.stage == stage))


def test_nothing_is_live_at_first(new_shop: Shop) -> None:
    """Without a release upstream nothing is promoted; without a retained deployment nothing is rolled back."""
    shop = new_shop
    with pytest.raises(RefusedError, match="no release is live in dev"):
        shop.plan("staging")
    with pytest.raises(RefusedError, match="nothing is retained"):
        shop.rollback("prod")
    with pytest.raises(SpecError, match="not promoted to"):
        shop.plan("dev")


def test_a_release_goes_all_the_way(new_shop: Shop) -> None:
    """What dev has built and tested reaches staging, then production, under one release id; consumers can read it."""
    shop = new_shop
    shop.refresh()
    release = shop.live("dev")
    assert release is not None
    assert release.release is not None
    assert _facts(shop.promote("staging"), "build")["built"] == 5
    reports = shop.promote("prod")
    live = shop.live("prod")
    assert live is not None
    assert live.release == release.release
    assert shop.value("select version from shop_prod.analytics.leaf") == "one"
    assert shop.value("select id from shop_prod.analytics.latest") == 2
    assert shop.databases() == ["SHOP_DEV", "SHOP_PROD", "SHOP_STAGING"]
    assert {"manifest.json", "run_results.json", "catalog.json"} <= set(_links(reports))


def _links(reports: list[StageReport]) -> dict[str, object]:
    found = _facts(reports, "settle")["artifacts"]
    assert isinstance(found, dict)
    return found


def test_only_what_changed_is_built(new_shop: Shop) -> None:
    """A changed leaf is built alone, a removed model's relation goes, the rest stays as it is; the former is kept."""
    shop = new_shop
    before = shop.live("prod")
    (shop.project / "models" / "latest.sql").unlink()
    shop.write(leaf="select orders, 'two' as version from {{ ref('totals') }}")
    assert _facts(shop.refresh(), "build_in_place")["built"] == 1
    with pytest.raises(RefusedError, match="promote it to staging first"):
        shop.plan("prod", release=_release(shop, "dev"))
    shop.validated("staging")
    asked, plan = stages.plan(shop.work, "prod", actor="ann", now=shop.now())
    assert plan.facts["built"] == ["model.shop.leaf"]
    assert plan.facts["removed"] == ["ANALYTICS.LATEST"]
    assert any("build (changed since live's release): 1 built, 3 kept, 1 removed" in str(line) for line in _lines(plan))
    reports = shop.run(asked, ("lock", "check_source", "check_target", "record_undo", "clone", "build", "judge"))
    assert shop.live("prod") == before
    assert shop.value("select version from shop_prod.analytics.leaf") == "one"
    with pytest.raises(RefusedError, match="marginal, and nobody has accepted"):
        shop.stage(asked, "cut_over")
    record(shop.work, asked, "marginal", reports[-1:], "bob")
    reports += shop.run(asked, ("cut_over", "verify", "settle", "unlock"))
    assert _facts(reports, "build")["built"] == 1
    assert shop.value("select version from shop_prod.analytics.leaf") == "two"
    assert shop.value("select max(id) from shop_prod.analytics.events") == 1
    assert not shop.ask("select 1 from shop_prod.information_schema.tables where table_name = 'LATEST'")
    assert before in shop.markers("prod").values()


def _lines(report: StageReport) -> list[object]:
    found = report.facts["lines"]
    assert isinstance(found, list)
    return found


def _release(shop: Shop, environment: str) -> str:
    marker = shop.live(environment)
    assert marker is not None
    return str(marker.release)


def test_a_rollback_takes_seconds_and_says_what_it_took(new_shop: Shop) -> None:
    """The previous deployment is live again, the receipt counts what came since; and it can be taken back."""
    shop = new_shop
    new = shop.live("prod")
    shop.do("insert into analytics.orders select 3, 30")
    with pytest.raises(SpecError, match="says why"):
        rollback.plan(shop.work, "prod", reason=" ", now=shop.now())
    with pytest.raises(RefusedError, match="not retained"):
        shop.rollback("prod", "d20200101t000000-000000")
    receipt = _facts(shop.rollback("prod"), "settle")
    assert shop.value("select version from shop_prod.analytics.leaf") == "one"
    assert shop.value("select id from shop_prod.analytics.latest") == 2
    arrived = receipt["no_longer_live"]
    assert isinstance(arrived, dict)
    assert arrived["relations"] == {"ANALYTICS.ORDERS": 1}
    with pytest.raises(RefusedError, match="what is retained was rolled back"):
        shop.rollback("prod")  # asked for twice, it does not bring back what had to go
    assert new is not None
    again = _facts(shop.rollback("prod", str(new.deployment)), "settle")
    assert shop.live("prod") == new
    assert shop.value("select count(*) from shop_prod.analytics.orders") == 3
    assert abs(int(str(again["statements"])) - int(str(receipt["statements"]))) <= 1  # one event, where rights changed
    assert json.dumps(receipt, default=str)
    assert shop.lock_holder() is None
