"""Right before a swap: nothing vanishes from live, and what people granted or revoked meanwhile holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from shop import PROJECT, Shop

from sluice.domain.names import Identifier, candidate_name, deployment_id, retained_name
from sluice.domain.promotion.contents import ContainedObject
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.promotion_plan import PROMOTION
from sluice.errors import RefusedError
from sluice.operations.stage import GateError
from sluice.snowflake import contents, database_access
from sluice.snowflake.connect import Row, connect
from sluice.snowflake.statements import Statement

BEFORE_SWAP = PROMOTION[: PROMOTION.index("cut_over")]
LIVE = "shop_prod"


def as_admin(shop: Shop, *statements: str) -> list[Row]:
    """Run statements as the administrator; return the rows of the last one."""
    with connect(shop.work.connections("snowflake_admin")) as session:
        return [session.run(Statement(sql)) for sql in statements][-1]


def holds(shop: Shop, role: str, what: str) -> bool:
    """Whether the role holds SELECT on a table, by its full name."""
    rows = as_admin(shop, f"show grants to role {role}")
    return any(row["name"].upper() == what.upper() and row["privilege"] == "SELECT" for row in rows)


def reader(shop: Shop, role: str, *tables: str, database: str = LIVE) -> None:
    """A role of somebody's own, made and granted by hand."""
    as_admin(shop, f"create role if not exists {role}", f"grant usage on database {database} to role {role}")
    as_admin(shop, f"grant usage on schema {database}.analytics to role {role}")
    for table in tables:
        as_admin(shop, f"grant select on table {database}.analytics.{table} to role {role}")


@dataclass
class Judged:
    """A promotion to prod that has passed its gates and is not cut over yet."""

    shop: Shop
    deployment: Deployment


@pytest.fixture(scope="module")
def live_shop(new_shop: Shop) -> Shop:
    """A shop with a first release live in production."""
    new_shop.validated()
    new_shop.promote("prod")
    return new_shop


@pytest.fixture(scope="module")
def judged(live_shop: Shop) -> Iterator[Judged]:
    """One build for all tests of this file, which follow each other."""
    shop = live_shop
    shop.validated(orders=PROJECT["models/orders.sql"], leaf="select orders, 'two' as version from {{ ref('totals') }}")
    reader(shop, "bi", "orders", "totals")
    reader(shop, "auditor", "orders")
    shop.do("create stage if not exists analytics.landing")
    deployment = shop.plan("prod")
    shop.run(deployment, BEFORE_SWAP)
    yield Judged(shop, deployment)
    if shop.lock_holder() == deployment.id:
        shop.run(deployment, ("undo", "scale_down", "unlock"))


def test_what_the_role_cannot_see_is_missed_in_the_clone(live_shop: Shop) -> None:
    """Another team's schema in live, which the environment's role may not know of, would vanish: refused by name."""
    shop = live_shop
    before = shop.live("prod")
    as_admin(
        shop,
        "create role if not exists fin_etl",
        f"create schema {LIVE}.finance with managed access",
        f"create table {LIVE}.finance.ledger as select 1 as id",
        f"grant ownership on schema {LIVE}.finance to role fin_etl revoke current grants",
        f"grant ownership on table {LIVE}.finance.ledger to role fin_etl revoke current grants",
    )
    deployment = Deployment(deployment_id(shop.now(), "closed"), "prod", "promotion", shop.validated(), actor="ann")
    try:
        shop.run(deployment, ("lock", "record_undo"))
        with pytest.raises(RefusedError, match="FINANCE: not in the clone"):
            shop.stage(deployment, "clone")
    finally:
        shop.stage(deployment, "unlock")
        as_admin(
            shop,
            f"grant ownership on schema {LIVE}.finance to role accountadmin revoke current grants",
            f"drop schema {LIVE}.finance",
        )
    assert shop.live("prod") == before


def test_a_consumer_that_nobody_declared_keeps_its_table(live_shop: Shop) -> None:
    """A build that makes a table anew drops the grants on it: the gate says so, of a role that is not ours to see."""
    shop = live_shop
    reader(shop, "far", "orders")
    deployment = Deployment(
        deployment_id(shop.now(), "far"),
        "prod",
        "promotion",
        shop.validated(orders="select 1 as id, 11 as amount union all select 2, 20"),
        actor="ann",
    )
    shop.run(deployment, PROMOTION[: PROMOTION.index("judge")])
    try:
        with pytest.raises(GateError, match=r"FAR: SELECT on table ANALYTICS\.ORDERS"):
            shop.stage(deployment, "judge")
    finally:
        shop.run(deployment, ("undo", "scale_down", "unlock"))
        as_admin(shop, "drop role far")


def test_an_administrator_who_does_not_see_all_cannot_say_nothing_is_lost(live_shop: Shop) -> None:
    """A role without MANAGE GRANTS is refused, instead of finding that there is nothing."""
    shop = live_shop
    with shop.work.session("prod") as session, pytest.raises(RefusedError, match="does not see every object"):
        contents.require_sight_of_all(session)


def test_internal_stages_come_along(judged: Judged) -> None:
    """A stage of live is in the candidate too."""
    shop = judged.shop
    candidate = candidate_name(Identifier("SHOP_PROD"), judged.deployment.id)
    with connect(shop.work.connections("snowflake_admin")) as session:
        held = contents.contents(session, candidate, ("STAGE",))
    assert held == {ContainedObject("STAGE", "ANALYTICS.LANDING")}


@pytest.mark.parametrize(
    ("make", "drop", "named"),
    [
        (
            "create sequence {live}.analytics.numbers",
            "drop sequence {live}.analytics.numbers",
            "sequence ANALYTICS",
        ),
        ("create schema {live}.other", "drop schema {live}.other", "schema OTHER"),
        (
            "create masking policy {live}.analytics.mask as (v varchar) returns varchar -> '*'",
            "drop masking policy {live}.analytics.mask",
            "masking policy ANALYTICS.MASK",
        ),
    ],
)
def test_what_came_since_the_clone_is_not_lost(judged: Judged, make: str, drop: str, named: str) -> None:
    """Whatever its kind, and whoever made it: the swap is refused by its name, and live stays."""
    shop, before = judged.shop, judged.shop.live("prod")
    as_admin(shop, make.format(live=LIVE))
    try:
        with pytest.raises(RefusedError, match=named):
            shop.stage(judged.deployment, "cut_over")
    finally:
        as_admin(shop, drop.format(live=LIVE))
    assert shop.live("prod") == before


def test_grants_and_revokes_since_the_clone_hold_after_the_swap(judged: Judged) -> None:
    """Who lost access while it was built has none afterwards, who got access has it; and a rollback keeps to that."""
    shop, former = judged.shop, judged.shop.live("prod")
    as_admin(shop, f"revoke select on table {LIVE}.analytics.orders from role bi")
    reader(shop, "fraud", "orders")
    facts = shop.stage(judged.deployment, "cut_over").facts
    assert facts["revoked"] == ["BI: SELECT on table ANALYTICS.ORDERS"]
    assert "FRAUD: SELECT on table ANALYTICS.ORDERS" in facts["granted"]
    shop.run(judged.deployment, ("verify", "settle", "scale_down", "unlock"))
    assert not holds(shop, "bi", "SHOP_PROD.ANALYTICS.ORDERS")
    assert holds(shop, "bi", "SHOP_PROD.ANALYTICS.TOTALS")
    assert holds(shop, "fraud", "SHOP_PROD.ANALYTICS.ORDERS")
    assert former is not None
    as_admin(shop, f"revoke select on table {LIVE}.analytics.orders from role auditor")
    with connect(shop.work.connections("snowflake_admin")) as session:
        entering = database_access.entrances_to(session, retained_name(Identifier("SHOP_PROD"), str(former.deployment)))
    assert [right for right in entering if right.grantee != "SLUICE_PROD"] == []
    retained = retained_name(Identifier("SHOP_PROD"), str(former.deployment)).name
    assert holds(shop, "auditor", f"{retained}.ANALYTICS.ORDERS")
    shop.rollback("prod", str(former.deployment))
    assert shop.live("prod") == former
    assert not holds(shop, "auditor", "SHOP_PROD.ANALYTICS.ORDERS")
    assert not holds(shop, "bi", "SHOP_PROD.ANALYTICS.ORDERS")
    assert holds(shop, "fraud", "SHOP_PROD.ANALYTICS.ORDERS")
