"""Readers while production is exchanged: never an error, never a statement that sees half of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from shop import Shop

from sluice.domain.names import Identifier, Marker, retained_name
from sluice.domain.promotion.cutover import Swap
from sluice.domain.promotion.deployments import Deployment
from sluice.errors import SluiceError
from sluice.operations.promotion.cutover import exchange_names
from sluice.operations.rollback import rollback
from sluice.operations.stage import stage
from sluice.snowflake.statements import Statement

READERS, SWAPS = 8, 200
QUERY = "select (select version from shop_prod.torn.one) as one, (select version from shop_prod.torn.two) as two"


@dataclass
class Reading:
    """What a reader has seen."""

    seen: set[str] = field(default_factory=set)
    reads: int = 0
    torn: int = 0
    errors: list[str] = field(default_factory=list)


def read(shop: Shop, stop: threading.Event, found: Reading) -> None:
    """Ask two tables, in one statement, whether they agree, until asked to stop."""
    with shop.work.reader("prod", Identifier.parse("SHOP_PROD_READER")) as session:
        while not stop.is_set():
            try:
                row = session.one(Statement(QUERY))
            except SluiceError as error:
                found.errors.append(str(error))
                continue
            found.reads += 1
            found.torn += row["one"] != row["two"]
            found.seen.add(str(row["one"]))


def prepare(shop: Shop) -> None:
    """Have two deployments of production whose two tables agree, one blue, one green."""
    shop.do(
        "create schema if not exists torn",
        "create or replace table torn.one as select 'blue' as version",
        "create or replace table torn.two as select 'blue' as version",
    )
    shop.validated(leaf="select orders, 'read' as version from {{ ref('totals') }}")
    shop.promote("prod")
    shop.do("update torn.one set version = 'green'", "update torn.two set version = 'green'")


def test_readers_see_all_old_or_all_new(running_shop: Shop) -> None:
    """Over 200 exchanges under 8 readers, and whole rollbacks among them, no read fails and none is torn."""
    shop = running_shop
    prepare(shop)
    stop, found = threading.Event(), [Reading() for _ in range(READERS)]
    threads = [threading.Thread(target=read, args=(shop, stop, one)) for one in found]
    for thread in threads:
        thread.start()
    try:
        newest = shop.live("prod")
        assert newest is not None
        shop.rollback("prod")
        shop.rollback("prod", str(newest.deployment))
        exchange(shop, SWAPS)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert [error for one in found for error in one.errors] == []
    assert sum(one.torn for one in found) == 0
    assert all(one.seen == {"blue", "green"} for one in found), [one.seen for one in found]
    assert all(one.reads > SWAPS / READERS for one in found)


def replaced(shop: Shop) -> str:
    """The deployment that live replaced: what a rollback would bring back."""
    back, _ = rollback.plan(shop.work, "prod", reason="a test", actor="ann", now=shop.now())
    return str(back.restores)


def exchange(shop: Shop, times: int) -> None:
    """Swap live with the retained database so many times, by the very function of the cut-over."""
    markers = shop.markers("prod")
    live = "SHOP_PROD"
    other = retained_name(Identifier.from_account(live), replaced(shop)).name
    shop.do(f"grant usage on database {other} to role shop_prod_reader")  # as is done before each swap
    asked = Deployment("d20261120t000000-000000", "prod", "rollback", "r" + "0" * 16, actor="ann")
    shop.stage(asked, "lock")
    with stage("cut_over", shop.work, asked, shop.now()) as one:
        names: list[Marker | None] = [markers[live], markers[other]]
        for _ in range(times):
            exchange_names(one, Swap(live, other), expect=names[1], before=names[0])
            names.reverse()
    shop.stage(asked, "unlock")
