"""A worker is killed: the next one goes on from what it observes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from time import monotonic, sleep

from shop import Shop, die_after

from sluice.domain.names import candidate_name
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.promotion_plan import PROMOTION, ROLLBACK
from sluice.operations.rollback import rollback
from snowdome.pytest_plugin import Snowdome

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.snowflake", "shop"])


def child(shop: Shop, deployment: Deployment, *stages: str) -> BaseProcess:
    """Start a process that runs these stages and is killed after the last."""
    process = CHILDREN.Process(
        target=die_after, args=(shop.port, shop.project.parent, shop.keys, deployment.to_json(), stages)
    )
    process.start()
    return process


def deaths(shop: Shop, deployment: Deployment, order: tuple[str, ...]) -> Iterator[str]:
    """Have a worker die after each stage; the next one repeats that stage, as a retried task does, and goes on."""
    for last, stage in zip((None, *order), order, strict=False):
        process = child(shop, deployment, *((last,) if last else ()), stage)
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, f"after {stage}: exit code {process.exitcode}"
        yield stage


def test_killed_after_each_stage_of_a_promotion(running_shop: Shop) -> None:
    """After each death live is all old or all new; the next worker goes on; at the end nothing is left over."""
    shop = running_shop
    shop.validated(leaf="select orders, 'survivor' as version from {{ ref('totals') }}")
    old = str(shop.value("select version from shop_prod.analytics.leaf"))
    before = shop.live("prod")
    deployment = shop.plan("prod")
    for stage in deaths(shop, deployment, PROMOTION):
        swapped = PROMOTION.index(stage) >= PROMOTION.index("cut_over")
        assert shop.value("select version from shop_prod.analytics.leaf") == ("survivor" if swapped else old), stage
        assert shop.value("select count(*) from shop_prod.analytics.latest") == 1
    _settled(shop, deployment, deployment.id)
    assert before in shop.markers("prod").values()


def test_killed_after_each_stage_of_a_rollback(running_shop: Shop) -> None:
    """A rollback that dies anywhere is finished by its re-run, and never swaps twice."""
    shop = running_shop
    shop.validated(leaf="select orders, 'next' as version from {{ ref('totals') }}")
    shop.promote("prod")
    asked, _ = rollback.plan(shop.work, "prod", reason="a test", actor="ann", now=shop.now())
    for stage in deaths(shop, asked, ROLLBACK):
        live = shop.live("prod")
        assert live is not None
        assert (live.deployment == asked.restores) is (ROLLBACK.index(stage) >= ROLLBACK.index("cut_over")), stage
    _settled(shop, asked, str(asked.restores))


def _settled(shop: Shop, deployment: Deployment, live: str) -> None:
    """A re-run of everything changes nothing: the right deployment is live, the lock free, nothing orphaned."""
    found = shop.markers("prod")
    shop.run(deployment, ROLLBACK if deployment.kind == "rollback" else PROMOTION)
    assert shop.markers("prod") == found
    marker = shop.live("prod")
    assert marker is not None
    assert marker.deployment == live
    assert shop.lock_holder() is None
    assert not [name for name in shop.databases() if "__C_" in name]


def test_killed_in_the_middle_of_a_build(running_shop: Shop, server: Snowdome) -> None:
    """A half-built candidate is thrown away: incremental models go on from live's state, not from the dead build's."""
    shop = running_shop
    before = int(shop.value("select max(id) from shop_prod.analytics.events"))
    text = (shop.project / "models" / "events.sql").read_text()
    leaf = (
        "select orders, 'half' as version from {{ ref('totals') }} where 0 < (select max(id) from {{ ref('events') }})"
    )
    shop.validated(events=f"{text}-- changed", leaf=leaf)
    deployment = shop.plan("prod")
    candidate = candidate_name(shop.work.spec("prod").database.name, deployment.id).name
    server.fault("(?is)create or replace transient table .*leaf", do="delay", seconds=30)
    process = child(shop, deployment, *PROMOTION[: PROMOTION.index("build") + 1])
    _until(lambda: any(candidate in sql and "insert into" in sql and "events" in sql for sql in _statements(server)))
    process.kill()
    process.join(10)
    server.no_faults()
    shop.run(deployment, PROMOTION)
    assert shop.value("select max(id) from shop_prod.analytics.events") == before + 1
    assert shop.value("select version from shop_prod.analytics.leaf") == "half"
    assert shop.lock_holder() is None


def _statements(server: Snowdome) -> list[str]:
    return [str(one) for one in server.statements()]


def _until(true: Callable[[], bool]) -> None:
    end = monotonic() + 60
    while not true():
        assert monotonic() < end, "it never came"
        sleep(0.2)
