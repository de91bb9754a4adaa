"""What stops a deployment, and that production does not notice."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from shop import Shop

from sluice.domain.names import candidate_name, deployment_id
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.evidence import Verdict
from sluice.errors import RefusedError
from sluice.operations.promotion.gates import gate_names
from sluice.operations.refresh.dbt_builds import scratch
from sluice.operations.stage import GateError
from sluice.snowflake import locks
from sluice.snowflake.connect import connect
from sluice.snowflake.statements import Statement

BEFORE_JUDGE = ("lock", "scale_up", "check_source", "check_target", "record_undo", "clone", "build")


def asked(shop: Shop, release: str, key: str) -> Deployment:
    """A deployment as a plan would make it."""
    return Deployment(deployment_id(shop.now(), key), "prod", "promotion", release, actor="ann")


def as_admin(shop: Shop, *statements: str) -> None:
    """Run statements as the administrator."""
    with connect(shop.work.connections("snowflake_admin")) as session:
        for sql in statements:
            session.run(Statement(sql))


def test_gates_name_what_they_saw_and_live_stays(running_shop: Shop) -> None:
    """A view with a three-part name, a consumer shut out, a foreign write: each is seen, and nothing is swapped."""
    shop = running_shop
    before = shop.live("prod")
    latest = (shop.project / "models" / "latest.sql").read_text()
    release = shop.validated(latest="select max(id) as id from SHOP_PROD.analytics.orders")
    deployment = replace(asked(shop, release, "gates"), keep_candidate=True)
    candidate = candidate_name(shop.work.spec("prod").database.name, deployment.id).name
    shop.run(deployment, BEFORE_JUDGE)
    shop.do(f"revoke select on table {candidate}.analytics.orders from role shop_prod_reader")
    shop.do("insert into analytics.orders select 99, 0")
    with pytest.raises(GateError) as refused:
        shop.stage(deployment, "judge")
    seen = {one.gate: one for one in refused.value.evidence}
    assert tuple(seen) == gate_names(shop.work.gates("prod"))  # what a plan lists is what has judged
    failed = {gate for gate, one in seen.items() if one.verdict is Verdict.FAIL}
    assert failed == {"self-containment", "access parity", "foreign writer"}
    assert seen["self-containment"].detail[0] == "ANALYTICS.LATEST names SHOP_PROD"
    assert "macro ref" in seen["self-containment"].detail[-1]
    assert seen["access parity"].detail == ("SHOP_PROD_READER: SELECT on table ANALYTICS.ORDERS",)
    assert seen["foreign writer"].detail == ("ANALYTICS.ORDERS: 2 rows became 3",)
    with pytest.raises(RefusedError, match="2 rows became 3"):
        shop.stage(deployment, "cut_over")
    assert shop.live("prod") == before
    assert "is kept" in shop.stage(deployment, "undo").summary
    assert candidate in shop.markers("prod")
    shop.stage(replace(deployment, keep_candidate=False), "undo")
    assert candidate not in shop.markers("prod")
    shop.run(deployment, ("scale_down", "unlock"))
    shop.do("delete from analytics.orders where id = 99")
    shop.write(latest=latest)
    assert shop.ask("show warehouses like 'SHOP_PROD_WH'")[0]["size"] == "X-Small"


def test_one_deployment_at_a_time(running_shop: Shop) -> None:
    """A second promotion is refused naming the first; without the lock no stage touches anything."""
    shop = running_shop
    first, second = (asked(shop, shop.validated(), key) for key in ("first", "second"))
    shop.stage(first, "lock")
    with pytest.raises(RefusedError, match=f"locked by {first.id}"):
        shop.stage(second, "lock")
    for stage in ("scale_up", "record_undo", "clone", "build", "cut_over", "settle", "undo"):
        with pytest.raises(RefusedError, match="does not hold the lock"):
            shop.stage(second, stage)
    assert "not ours" in shop.stage(second, "unlock").summary
    assert shop.lock_holder() == first.id
    shop.stage(first, "unlock")


def test_a_worker_that_slept_through_its_lease_swaps_nothing(running_shop: Shop) -> None:
    """Whose lock was taken over after its lease finds that out before anything else."""
    shop = running_shop
    late, quick = (asked(shop, shop.validated(), key) for key in ("late", "quick"))
    with shop.work.session("prod") as session:
        locks.acquire(session, "prod", late.id, 0)
    shop.stage(quick, "lock")
    with pytest.raises(RefusedError, match=f"{quick.id} does"):
        shop.stage(late, "cut_over")
    shop.stage(quick, "unlock")


def test_a_damaged_release_touches_nothing(running_shop: Shop) -> None:
    """A release whose files are gone or changed is refused by name before anything is cloned."""
    shop = running_shop
    release = shop.validated(leaf="select orders, 'damaged' as version from {{ ref('totals') }}")
    deployment = asked(shop, release, "damaged")
    files = shop.work.store / "releases" / release / "project.tar.gz"
    whole = files.read_bytes()
    files.write_bytes(whole[: len(whole) // 2])
    shutil.rmtree(scratch() / "releases" / release, ignore_errors=True)
    shop.stage(deployment, "lock")
    with pytest.raises(RefusedError, match=f"{release} is damaged"):
        shop.stage(deployment, "check_target")
    files.unlink()
    with pytest.raises(RefusedError, match="its files are gone"):
        shop.stage(deployment, "check_target")
    shop.stage(deployment, "unlock")
    assert not [name for name in shop.databases() if "__C_" in name]


def test_a_failing_upstream_stops_before_anything_is_touched(running_shop: Shop) -> None:
    """When the upstream was written to since it was judged, its tests run again, and a failing one is named."""
    shop = running_shop
    release = shop.validated()
    shop.do(
        "create schema if not exists analytics",
        "create or replace table analytics.orders as select 1 as id, 1 as amount union all select 1, 2",
        "create or replace table analytics.totals as select 2 as orders, 3 as amount",
        environment="staging",
    )
    deployment = asked(shop, release, "upstream")
    shop.stage(deployment, "lock")
    with pytest.raises(GateError, match="unique_orders_id"):
        shop.stage(deployment, "check_source")
    shop.stage(deployment, "unlock")


def test_a_partial_clone_is_refused(running_shop: Shop) -> None:
    """What the role may write but not read is left out of a clone, silently; we say so and leave no candidate."""
    shop = running_shop
    release = shop.validated()
    as_admin(
        shop,
        "use warehouse shop_prod_wh",
        "create table shop_prod.analytics.secret as select 1 as x",
        "revoke select on table shop_prod.analytics.secret from role shop_prod_reader",
        "grant insert on table shop_prod.analytics.secret to role sluice_prod",
    )
    deployment = asked(shop, release, "partial")
    shop.run(deployment, ("lock", "record_undo"))
    with pytest.raises(RefusedError, match=r"ANALYTICS\.SECRET: not in the clone"):
        shop.stage(deployment, "clone")
    shop.stage(deployment, "unlock")
    as_admin(shop, "drop table shop_prod.analytics.secret")
    assert not [name for name in shop.databases() if "__C_" in name]
