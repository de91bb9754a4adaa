"""A shop whose every name needs double quotes: dashes, lower case, spaces, dots, letters beyond ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shop import PROJECT, Shop, open_shop, spec

from sluice.dbt.quoting import DATABASE_NAME_OVERRIDE
from sluice.domain.access.roles import AccessPolicy, Level
from sluice.domain.access.temporary_access import Holder
from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.cleanup.cleanup_policy import load_cleanup
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.ephemeral.templates import Request, Template, load_templates
from sluice.domain.names import Identifier
from sluice.domain.promotion.gate_policy import Check, Gates, Metric, Policies
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.access.access import current, grant, plan_roles, provision_roles, review_access, revoke
from sluice.operations.budgets.budgets import by_hand
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.cleanup.orphans import clear, find
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import destroy
from sluice.operations.ephemeral.reclone import reclone
from sluice.operations.provisioning.provision import plan_provision
from sluice.operations.status import status
from sluice.snowflake import observe, usage
from sluice.snowflake.connect import connect
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

FILES: Mapping[str, str] = {
    **PROJECT,
    "dbt_project.yml": PROJECT["dbt_project.yml"]
    + "    +schema: my-marts\nquoting: {database: true, schema: true, identifier: true}\n",
    "macros/generate_database_name.sql": DATABASE_NAME_OVERRIDE,
    "macros/generate_schema_name.sql": (
        "{% macro generate_schema_name(custom, node) %}{{ (custom or target.schema) | trim }}{% endmacro %}"
    ),
    "tests/live_has_orders.sql": (
        "{{ config(tags=['post_promotion']) }} select 1 from {{ ref('totals') }} where orders = 0"
    ),
}
INCLUDE = Path(__file__).resolve().parents[2] / "include"
TOTALS = '"my-marts"."totals"'
VERSION = 'select version from "shop-prod"."my-marts"."leaf"'


def named(name: str, upstream: str | None, **names: Any) -> EnvironmentSpec:
    """An environment of the shop with these names."""
    whole = spec(name, upstream).model_dump(mode="json")
    whole["control_database"] = "sluice-control"
    whole["database"]["name"] = names["database"]
    whole["warehouse"]["name"] = names["warehouse"]
    whole["access"] |= {key: names[key] for key in ("role", "user", "readers")}
    whole["sources"] = ["raw-orders"]
    return EnvironmentSpec.model_validate(whole)


SPECS = (
    named(
        "dev",
        None,
        database="SHOP-DEV",
        warehouse="TRANSFORM-WH-DEV",
        role="dbt-dev",
        user="svc-dbt-dev",
        readers=["r d"],
    ),
    named(
        "staging",
        "dev",
        database="Shop.Staging",
        warehouse='"staging"',
        role="größe@staging",
        user="SVC.STAGING@SHOP.COM",
        readers=["reads 100%"],
    ),
    named(
        "prod",
        "staging",
        database="shop-prod",
        warehouse="shop prod wh",
        role="sluice-prod",
        user="svc-shop-prod",
        readers=["shop readers", "bi-tool"],
    ),
)
POLICIES = Policies(
    Gates(metrics=(Metric(name="amount", sql=f"select sum(amount) from {TOTALS}", tolerance_percent=500),)),
    {},
    (Check(name="has_orders", sql=f"select 1 from {TOTALS} where orders < 2"),),
)


@pytest.fixture(scope="module")
def quoted(snowdome_module: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop of these names on an account of its own."""
    return open_shop(snowdome_module.port, tmp_path_factory.mktemp("quoted"), SPECS, POLICIES, FILES)


def test_provisioned_once_there_is_nothing_left_to_do(quoted: Shop) -> None:
    """What SHOW says of names that need quotes is read as what was made."""
    for name in quoted.work.environments:
        assert plan_provision(quoted.work, name, quoted.now()).steps == ()


def test_refreshed_promoted_and_rolled_back(quoted: Shop) -> None:
    """From dev to production, twice, and back; readers see each release; what left the project is gone."""
    quoted.refresh()
    quoted.promote("staging")
    quoted.promote("prod")
    assert quoted.value(VERSION) == "one"
    (quoted.project / "models" / "latest.sql").unlink()
    quoted.write(leaf="select orders, 'two' as version from {{ ref('totals') }}")
    quoted.refresh()
    quoted.promote("staging")
    deployment = quoted.plan("prod")
    quoted.approve(deployment)
    candidate = f"shop-prod__C_{deployment.id[1:].replace('-', '_').upper()}"
    reports = quoted.run(deployment, ("lock", "scale_up", "check_source", "check_target", "record_undo", "clone"))
    assert candidate in quoted.markers("prod")
    assert reports[-1].facts["candidate"] == candidate
    reports = quoted.run(deployment, ("build", "judge", "cut_over", "verify", "settle", "scale_down", "unlock"))
    assert {one.gate: one.verdict.value for one in reports[1].evidence}["access parity"] == "pass"
    assert reports[0].facts["removed"] == ["my-marts.latest"]
    assert quoted.value(VERSION) == "two"
    with quoted.work.session("prod") as session:
        assert "my-marts.latest" not in observe.inventory(session, Identifier("shop-prod"))
    quoted.rollback("prod")
    assert quoted.value(VERSION) == "one"
    assert quoted.value('select id from "shop-prod"."my-marts"."latest"') == 2
    assert status(quoted.work, "prod").problem is None


def test_an_environment_of_ones_own_from_a_base_of_such_names(quoted: Shop) -> None:
    """Cloned by schema, kept in the journal as it is, renewed, destroyed; its spec comes back as it was."""
    work = replace(quoted.work, templates={Kind.FEATURE: template(quoted)})
    name = EphemeralName.make("dev", "quoted", "john", quoted.work.now().date())
    asked = Request(name, "john", "data", "a branch", base="prod", schemas=("my-marts",))
    create(work, "feature", asked, quoted.work.now(), holder="create quoted", actor="john")
    life = work.lives()[str(name)]
    assert life.spec.base is not None
    assert life.spec.base.schemas == (Identifier("my-marts"),)
    assert life.spec.base.database == Identifier("shop-prod")
    assert life.spec.control_database == Identifier("sluice-control")
    reclone(work, str(name), Caller("renew quoted", "john", quoted.work.now()), reason="production went on")
    known = work.including(str(name))
    with known.session(str(name), database=life.spec.database.name) as session:
        assert session.one(Statement('select count(*) as n from "my-marts"."orders"'))["n"] == 2
    destroy(work, str(name), Caller("destroy quoted", "john", quoted.work.now()), reason="done", confirmation=str(name))
    assert work.lives()[str(name)].state is State.DROPPED


def template(shop: Shop) -> Template:
    """The shipped template for features, for the shop's names."""
    shipped = load_templates(INCLUDE / "environments" / "templates")[Kind.FEATURE]
    dev = shop.work.spec("dev")
    changes = {"connection": dev.connection, "user": dev.access.user, "control_database": dev.control_database}
    return shipped.model_copy(update=changes)


def test_rights_budgets_and_clean_up_know_them(quoted: Shop) -> None:
    """Roles of the policy, a pass for a person, costs and their stop, and the sweep: each by the name as it is."""
    work = quoted.work
    analyst = {"snowflake_role": "analysts of the shop", "environments": {"production": "read"}, "journal": True}
    policy = AccessPolicy.model_validate({"roles": {"analyst": analyst}})
    provision_roles(work, policy)
    assert plan_roles(work, policy).empty
    ann = Holder("USER", Identifier("Ann.Lee@shop.com"))
    with connect(work.connections("snowflake_admin")) as session:
        session.run(Statement(f"CREATE USER {ann.name.sql} TYPE = PERSON"))
    grant(work, "prod", ann, hand(quoted), level=Level.READ, hours=5, reason="on call", policy=policy)
    (given,) = current(work)
    assert (given.holder, given.role) == (ann, Identifier("shop readers"))
    assert any(line.holder == str(ann) for line in review_access(work, policy, quoted.work.now()))
    revoke(work, "prod", ann, hand(quoted), reason="over")
    assert current(work) == []
    measured = measure(work, quoted.work.now())
    assert measured.spends["prod"].day.usd > 0
    for held in (Restriction.SUSPENDED, Restriction.NONE):
        by_hand(work, ["dev"], held, BudgetPolicy(), hand(quoted), reason="a test")
    with work.control() as session:
        assert {"SHOP-DEV", "Shop.Staging", "shop-prod"} <= usage.observe(session, 30).last.keys()
    sweeping, cleanup = hand(quoted), load_cleanup(INCLUDE / "policies" / "cleanup.yml")
    left = find(work, cleanup, sweeping.now)
    assert {one.name.partition("__")[0] for one in left} == {"shop-prod", "Shop.Staging"}
    failed: list[tuple[str, str]] = []
    assert len(clear(work, left, cleanup, sweeping, failed)) == sum(one.drop for one in left)
    assert failed == []


def hand(shop: Shop) -> Caller:
    """A run of its own."""
    now = shop.work.now()
    return Caller(f"run {now.isoformat()}", "ann", now)
