"""The lock while dbt works: renewed however long it takes, and dbt stopped once it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest
from shop import Shop

from sluice.dbt.invoke import DbtStoppedError, run
from sluice.dbt.releases import register
from sluice.domain.journal.events import Kind
from sluice.domain.names import deployment_id
from sluice.domain.promotion.deployments import Deployment
from sluice.errors import RefusedError
from sluice.operations.heartbeat import Heartbeat, heartbeat
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, stage
from sluice.snowflake import journal, locks, observe
from snowdome.pytest_plugin import Snowdome

OFTEN = 0.05
"""Seconds between two renewals, where a lease is of hours: the account's clock is moved on instead."""


@contextmanager
def working(shop: Shop, key: str) -> Iterator[Stage]:
    """A stage of a deployment that holds the lock of dev."""
    deployment = Deployment(deployment_id(shop.now(), key), "dev", "refresh", "r0", actor="ann")
    shop.stage(deployment, "lock")
    try:
        with stage("build_in_place", shop.work, deployment, shop.now()) as running:
            yield running
    finally:
        shop.stage(deployment, "unlock")


def left(running: Stage) -> int:
    """Seconds of the lease that are left."""
    lock = locks.read(running.session, "dev")
    assert lock is not None
    return lock.left


def test_the_lease_does_not_end_while_dbt_works(shop: Shop, server: Snowdome) -> None:
    """Three times most of the lease passes: each time it is renewed, and nobody takes the lock over."""
    with working(shop, "long") as running, heartbeat(running, every=OFTEN):
        assert running.lock is not None
        for _ in range(3):
            server.clock(advance_seconds=running.lock.lease_seconds * 3 // 4)
            for _ in range(100):
                if left(running) > running.lock.lease_seconds // 2:
                    break
                Event().wait(OFTEN)
            assert left(running) > running.lock.lease_seconds // 2


def test_dbt_is_stopped_in_the_middle_of_a_statement(shop: Shop, server: Snowdome) -> None:
    """A statement that never answers is cancelled, nothing behind it begins, and the build is refused."""
    with working(shop, "stopped") as running, shop.work.session("dev") as session:
        release = register(shop.work.store, shop.project, now=shop.now(), actor="ann").id
        call = dbt_builds.invocation(shop.work, "dev", release, running.live, running.deployment.id)
        server.fault("(?i)create or replace .*orders", do="delay", seconds=3600)

        def take_the_lock() -> None:
            while server.control("faults")["faults"]:
                Event().wait(OFTEN)
            locks.release(session, "dev", running.deployment.id)
            locks.acquire(session, "dev", "other", 600)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(take_the_lock)
            with pytest.raises(RefusedError, match="dbt was stopped"), heartbeat(running, every=OFTEN) as beat:
                run(replace(call, may_go_on=beat.check), ["run", "--select", "+totals"], check=False)
        locks.release(session, "dev", "other")
        assert "ANALYTICS.TOTALS" not in observe.inventory(running.session, running.live)


def test_a_lost_lock_stops_dbt_and_refuses(shop: Shop, server: Snowdome) -> None:
    """Somebody took it over: nothing further is sent, what dbt had sent is cancelled, and no result counts."""

    def lose(beat: Heartbeat) -> None:
        for _ in range(200):
            if beat.lost is not None:
                break
            Event().wait(OFTEN)
        with pytest.raises(DbtStoppedError, match="other"):
            beat.check()

    with working(shop, "lost") as running:
        assert running.lock is not None
        server.clock(advance_seconds=running.lock.lease_seconds + 1)
        with shop.work.session("dev") as session:
            locks.acquire(session, "dev", "other", 600)
        with (
            pytest.raises(RefusedError, match="dbt was stopped, because the environment's lock was lost"),
            heartbeat(running, every=OFTEN) as beat,
        ):
            lose(beat)
        with shop.work.session("dev") as session:
            locks.release(session, "dev", "other")


def test_a_build_stands_without_its_docs(shop: Shop, server: Snowdome) -> None:
    """What the catalog cannot be made of is said in the facts; the build's other artifacts are kept."""
    release = register(shop.work.store, shop.project, now=shop.now(), actor="ann").id
    call = dbt_builds.invocation(shop.work, "dev", release, shop.work.spec("dev").database.name, "docs")
    for number in (1, 2, 3):
        server.fault("(?i)information_schema", nth=number, do="error", errno=90030)
    facts = dbt_builds.with_docs(shop.work, call, "dev", "docs", {"artifacts": {"manifest.json": "there"}})
    assert facts["artifacts"] == {"manifest.json": "there"}
    assert str(facts["docs"]).startswith("not made: ")


def test_an_error_nobody_foresaw_is_in_the_journal_without_its_text(shop: Shop) -> None:
    """Its kind and its stage are noted; its text, which may hold rows, is not."""
    deployment = Deployment(deployment_id(shop.now(), "odd"), "dev", "refresh", "r0", actor="ann")
    with (
        pytest.raises(KeyError),
        stage("register", shop.work, deployment, shop.now(), locked=False),
    ):
        raise KeyError("jane@example.com")
    with shop.work.session("dev") as session:
        (event,) = journal.read(session, environment="dev", deployment=deployment.id, kinds=(Kind.FAILED,))
    assert event.payload["error"] == "an unexpected KeyError"
