"""What a rollback returns to, and what it does when what came back is not perfect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop import HAS_ORDERS, Shop

from sluice.domain.names import deployment_id
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import failed
from sluice.domain.promotion.gate_policy import Check, Gates, Policies
from sluice.errors import RefusedError


def promoted(shop: Shop, version: str) -> str:
    """Have a deployment live in production whose leaf says so; return its id. No dbt runs."""
    release = shop.validated(leaf=f"select orders, '{version}' as version from {{{{ ref('totals') }}}}")
    now = shop.now()
    wanted = Deployment(deployment_id(now, version), "prod", "promotion", release, actor="ann")
    shop.run(wanted, ("lock", "record_undo", "clone", "judged", "cut_over", "verify", "settle", "unlock"))
    return wanted.id


def live(shop: Shop) -> str | None:
    """The deployment that is live in production."""
    marker = shop.live("prod")
    return marker.deployment if marker else None


def verified(reports: list[StageReport]) -> StageReport:
    """The report of a rollback's verification."""
    return next(report for report in reports if report.stage == "verify")


def test_previous_goes_further_back_each_time(running_shop: Shop) -> None:
    """Three deployments and two presses: the first of the three is live, and a new one may follow it."""
    shop = running_shop
    first, second, third = (promoted(shop, version) for version in ("first", "second", "third"))
    shop.rollback("prod")
    assert live(shop) == second
    shop.rollback("prod")
    assert live(shop) == first
    shop.rollback("prod", third)  # by its name, somebody's decision
    assert live(shop) == third
    shop.rollback("prod")
    assert live(shop) == second
    fourth = promoted(shop, "fourth")
    shop.rollback("prod")
    assert live(shop) == second
    shop.rollback("prod", fourth)


def test_what_comes_back_is_asked_the_checks_that_came_with_it(running_shop: Shop) -> None:
    """A check that arrived with the bad release is not asked of the one before it."""
    before = running_shop
    former = promoted(before, "former")
    unknown = Check(name="extra_is_there", sql="select id from analytics.extra where id < 0")
    today = replace(before.work, policies=Policies(Gates(), {}, (HAS_ORDERS, unknown)))
    shop = replace(before, work=today)
    shop.do("create or replace table analytics.extra as select 1 as id")
    bad = promoted(before, "bad")
    reports = shop.rollback("prod")
    assert live(shop) == former
    assert failed(verified(reports).evidence) == ()
    assert {piece.gate for piece in verified(reports).evidence} == {"access", "has_orders"}
    shop.rollback("prod", bad)
    shop.do("drop table analytics.extra")


def test_a_rollback_whose_checks_fail_stays_and_says_so(running_shop: Shop) -> None:
    """The incident is in what came back too: it is reported, and the release that had to go does not return."""
    shop = running_shop
    former = promoted(shop, "wrong")
    shop.do("create or replace table analytics.totals_before as select * from analytics.totals")
    shop.do("update analytics.totals set orders = 1")
    bad = promoted(replace(shop, work=replace(shop.work, policies=Policies(Gates(), {}, ()))), "worse")
    report = verified(shop.rollback("prod"))
    assert live(shop) == former
    assert "stays; 1 of 2 checks do not pass: has_orders" in report.summary
    assert report.facts["failing"] == 1
    (said,) = failed(report.evidence)
    assert said.detail == ("columns: 1",)  # the check allows no value to be shown
    shop.do("create or replace table analytics.totals as select * from analytics.totals_before")
    shop.do("drop table analytics.totals_before")
    with pytest.raises(RefusedError, match="not retained"):
        shop.rollback("prod", "d20200101t000000-000000")
    assert bad in {marker.deployment for marker in shop.markers("prod").values() if marker}
