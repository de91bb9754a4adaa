"""dbt in an environment of one's own: only what the branch changed is built, against the release of its base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from shop import PROJECT, Shop, write

from sluice.dbt.terminal import at_the_terminal
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request, load_templates
from sluice.domain.specs.blocks import Kind
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.reclone import reclone
from sluice.operations.promotion.planning import beside_live
from sluice.operations.refresh.dbt_builds import against_base, by_hand
from sluice.operations.workspace import Workspace
from sluice.snowflake.error_mapping import MissingError

TEMPLATES = Path(__file__).resolve().parents[2] / "include" / "environments" / "templates"


@pytest.fixture(scope="module")
def shop(new_shop: Shop) -> Shop:
    """The shop with a release in production, and a template for branches of it."""
    new_shop.refresh()
    new_shop.promote("staging")
    new_shop.promote("prod")
    shipped = load_templates(TEMPLATES)[Kind.FEATURE]
    connection = {"connection": "snowflake_dev", "user": new_shop.work.spec("dev").access.user}
    dbt = shipped.dbt.model_copy(update={"materialized": "view"})
    template = shipped.model_copy(update={**connection, "dbt": dbt})
    new_shop.work = replace(new_shop.work, templates={Kind.FEATURE: template})
    return new_shop


def made(shop: Shop, feature: str, schemas: tuple[str, ...] = ()) -> str:
    """John's environment, cloned from production."""
    name = EphemeralName.make("dev", feature, "john", shop.now().date())
    asked = Request(name, "john", "data", "a branch", base="prod", schemas=schemas)
    create(shop.work, "feature", asked, shop.now(), holder=f"create {feature}", actor="john")
    return str(name)


def built(shop: Shop, environment: str) -> dict[str, object]:
    """What a build of the working project in it came to."""
    known: Workspace = shop.work.including(environment)
    mine = replace(shop, work=known)
    reports = mine.refresh(environment)
    return dict(next(one.facts for one in reports if one.stage == "build_in_place"))


def read(shop: Shop, environment: str, sql: str) -> object:
    """The one value that its own user reads in it."""
    known = shop.work.including(environment)
    with known.session(environment, database=known.spec(environment).database.name) as session:
        from sluice.snowflake.statements import Statement

        return next(iter(session.one(Statement(sql)).values()))


def test_only_what_the_branch_changed_is_built(shop: Shop) -> None:
    """Nothing at first, then the changed leaf alone, though the template's settings are not production's."""
    environment = made(shop, "leaf")
    assert built(shop, environment)["built"] == 0
    assert read(shop, environment, "select version from analytics.leaf") == "one"
    shop.write(leaf="select orders, 'mine' as version from {{ ref('totals') }}")
    assert built(shop, environment)["built"] == 1
    assert read(shop, environment, "select version from analytics.leaf") == "mine"
    assert shop.value("select version from shop_prod.analytics.leaf") == "one"
    write(shop.project, PROJECT)


def test_by_hand_it_is_the_same(shop: Shop) -> None:
    """`sluice dbt <environment> build` compares with the base's release unless it is given what to take."""
    environment = made(shop, "hand")
    shop.write(leaf="select orders, 'by hand' as version from {{ ref('totals') }}")
    known = shop.work.including(environment)
    call, own = by_hand(known, environment, "john")
    options = against_base(known, call, environment)
    assert options[:2] == ("--select", "state:modified+")
    assert at_the_terminal(call, ["build", *options], own) == 0
    assert read(shop, environment, "select version from analytics.leaf") == "by hand"
    write(shop.project, PROJECT)


def test_in_dev_what_one_has_not_built_is_read_where_all_share_it(shop: Shop) -> None:
    """Of a chosen leaf alone dbt builds the leaf, in the developer's schema, on the totals that are live in dev."""
    shop.write(leaf="select orders, 'ann' as version from {{ ref('totals') }}")
    dev = shop.work.spec("dev")
    own = dev.model_copy(update={"dbt": dev.dbt.model_copy(update={"schema_per_user": True})})
    known = shop.work.knowing(own)
    call, schemas = by_hand(known, "dev", "ann")
    options = beside_live(known, call, "dev")
    assert options[:2] == ("--defer", "--state")
    assert at_the_terminal(call, ["build", "--select", "leaf", *options], schemas) == 0
    assert read(shop, "dev", "select version from ann_analytics.leaf") == "ann"
    assert read(shop, "dev", "select version from analytics.leaf") == "one"
    with pytest.raises(MissingError):
        read(shop, "dev", "select * from ann_analytics.totals")
    write(shop.project, PROJECT)


def test_what_was_not_cloned_is_read_in_the_base(shop: Shop) -> None:
    """Of an empty choice of schemas nothing is there: the changed leaf is built on production's totals."""
    environment = made(shop, "deferred", schemas=("PUBLIC",))
    shop.write(leaf="select orders, 'deferred' as version from {{ ref('totals') }}")
    assert built(shop, environment)["built"] == 1
    assert read(shop, environment, "select orders from analytics.leaf") == 2
    write(shop.project, PROJECT)


def test_after_a_refresh_it_goes_on_from_the_new_base(shop: Shop) -> None:
    """What production got meanwhile is in the fresh clone, and is not built again."""
    environment = made(shop, "renewed")
    shop.write(leaf="select orders, 'two' as version from {{ ref('totals') }}")
    shop.refresh()
    shop.promote("staging")
    shop.promote("prod")
    reclone(shop.work, environment, Caller("refresh", "john", shop.now()), reason="production went on")
    assert read(shop, environment, "select version from analytics.leaf") == "two"
    assert built(shop, environment)["built"] == 0
