"""A project that is not ours: seeds, staging views, marts, names of its own, and no idea of swaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from shop import Shop, write

from sluice.dbt.project import REF_OVERRIDE
from sluice.dbt.releases import find
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.promotion.gate_policy import Gates, Metric, Policies
from sluice.errors import SpecError
from sluice.operations.refresh import refresh
from sluice.operations.stage import GateError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "jaffle_shop"
JAFFLE = {
    path.relative_to(EXAMPLE).as_posix(): path.read_text()
    for path in EXAMPLE.rglob("*")
    if path.is_file() and path.suffix in {".sql", ".yml", ".csv"}
}
"""The project of docs/own-dbt-project.md, as it is before sluice."""


def jaffle_shop(shop: Shop, folder: Path, files: Mapping[str, str]) -> Shop:
    """The shop's environments with this project in place of its own; no check of the shop's."""
    project = write(folder, files)
    jaffle = Shop(replace(shop.work, project=project), project, shop.port, shop.keys)
    jaffle.work = replace(jaffle.work, policies=replace(jaffle.work.policies, all_checks=()))
    return jaffle


def test_a_classic_project_is_promoted_once_its_views_stay_at_home(shop: Shop, tmp_path: Path) -> None:
    """Its views with three-part names are refused before anything runs; with the cure it goes live, seeds and all."""
    jaffle = jaffle_shop(shop, tmp_path / "jaffle", JAFFLE)
    with pytest.raises(SpecError, match="3 views would name their own database") as early:
        refresh.plan(jaffle.work, "dev", actor="ann", now=jaffle.now())
    assert REF_OVERRIDE.rstrip() in str(early.value.good)
    assert jaffle.lock_holder("dev") is None
    jaffle.validated("dev")
    with pytest.raises(SpecError, match=r"macros/ref\.sql"):
        jaffle.plan("staging")
    write(jaffle.project, {"macros/ref.sql": str(early.value.good).split("\n", 1)[1]})
    jaffle.validated("dev")
    reports = jaffle.promote("staging")
    (built,) = [one.facts for one in reports if one.stage == "build"]
    assert (built["built"], built["tests"]) == (8, 4)
    assert jaffle.value("select sum(total_amount) from shop_staging.analytics.orders", "staging") == 35
    assert jaffle.value("select count(*) from shop_staging.analytics.stg_orders", "staging") == 2


def test_packages_that_cannot_be_installed_stop_the_plan(shop: Shop, tmp_path: Path) -> None:
    """Dbt's words and the command, before a lock is taken or a warehouse scaled; then the release holds the package."""
    packages = {"packages.yml": "packages: [{local: ../shared}]\n", "macros/ref.sql": REF_OVERRIDE}
    jaffle = jaffle_shop(shop, tmp_path / "jaffle", {**JAFFLE, **packages})
    with pytest.raises(SpecError, match=r"No dbt_project\.yml found at expected path") as refused:
        refresh.plan(jaffle.work, "dev", actor="ann", now=jaffle.now())
    assert "sluice dbt <environment> deps" in str(refused.value)
    assert jaffle.lock_holder("dev") is None
    write(tmp_path / "shared", {"dbt_project.yml": "name: shared\n", "models/one.sql": "select 1 as id"})
    deployment, report = refresh.plan(jaffle.work, "dev", actor="ann", now=jaffle.now())
    assert report.facts["files"] == len(JAFFLE) + len(packages) + 3  # the package's two, and the lock file
    assert "dbt_packages/shared/models/one.sql" in find(jaffle.work.store, deployment.release).files


def test_a_project_that_does_not_parse_stops_the_plan(shop: Shop, tmp_path: Path) -> None:
    """What dbt refuses is known before a lock is taken, in its words."""
    broken = {"macros/ref.sql": REF_OVERRIDE, "models/orders.sql": "select * from {{ ref('nobody') }}"}
    jaffle = jaffle_shop(shop, tmp_path / "jaffle", {**JAFFLE, **broken})
    with pytest.raises(SpecError, match="depends on a node named 'nobody'"):
        refresh.plan(jaffle.work, "dev", actor="ann", now=jaffle.now())
    assert jaffle.lock_holder("dev") is None


def test_what_no_parse_can_see_the_gate_sees(shop: Shop, tmp_path: Path) -> None:
    """A view that comes by its three-part name in another way than `{{ ref() }}` is refused in the candidate."""
    hidden = {
        "models/staging/stg_orders.sql": "{% set orders = ref('raw_orders') %}\n"
        "select id as order_id, user_id as customer_id, order_date, status from {{ orders }}",
        "models/staging/stg_customers.sql": "select 1 as customer_id, 'a' as first_name, 'b' as last_name",
        "models/staging/stg_payments.sql": "select 1 as order_id, 'coupon' as payment_method, 2 as amount",
    }
    jaffle = jaffle_shop(shop, tmp_path / "jaffle", {**JAFFLE, **hidden})
    jaffle.validated("dev")
    deployment = jaffle.plan("staging")
    jaffle.run(deployment, ("lock", "record_undo", "clone", "build"))
    with pytest.raises(GateError) as refused:
        jaffle.stage(deployment, "judge")
    jaffle.run(deployment, ("undo", "unlock"))
    (found,) = [one for one in refused.value.evidence if one.gate == "self-containment"]
    assert found.verdict is Verdict.FAIL
    assert REF_OVERRIDE in found.detail[-1]


def test_a_figure_that_cannot_be_had_is_explained(shop: Shop, tmp_path: Path) -> None:
    """Of a metric without a figure it is said what Snowflake said of its query, and in which file it is; no data."""
    jaffle = jaffle_shop(shop, tmp_path / "jaffle", {**JAFFLE, "macros/ref.sql": REF_OVERRIDE})
    metrics = (
        Metric(name="revenue", sql="select sum(order_value) from marts.fct_orders", tolerance_percent=Decimal(5)),
        Metric(name="typing_error", sql="select sum(totl_amount) from analytics.orders", tolerance_percent=Decimal(5)),
        Metric(name="cast", sql="select first_name::int from analytics.customers", tolerance_percent=Decimal(5)),
        Metric(name="many", sql="select order_id, status from analytics.orders", tolerance_percent=Decimal(5)),
        Metric(name="nothing", sql="select sum(1) from analytics.orders where 1 = 0", tolerance_percent=Decimal(5)),
        Metric(name="a_name", sql="select max(first_name) from analytics.customers", tolerance_percent=Decimal(5)),
    )
    jaffle.work = replace(jaffle.work, policies=Policies(Gates(metrics=metrics), {}, ()))
    jaffle.validated("dev")
    deployment = jaffle.plan("staging")
    jaffle.run(deployment, ("lock", "record_undo", "clone", "build"))
    with pytest.raises(GateError) as refused:
        jaffle.stage(deployment, "judge")
    jaffle.run(deployment, ("undo", "unlock"))
    (found,) = [one for one in refused.value.evidence if one.gate == "metrics"]
    revenue, typing_error, cast, many, nothing, a_name = found.detail
    assert "no figure from the candidate" in revenue
    assert "MARTS" in revenue.upper()
    assert "does not exist" in revenue
    assert "gates.yml, metrics, revenue: select sum(order_value) from marts.fct_orders" in revenue
    assert "TOTL_AMOUNT" in typing_error.upper()
    assert "Michael" not in cast
    assert "2 rows of 2 columns" in many
    assert "NULL" in nothing
    assert "not a number" in a_name
    assert "Shawn" not in a_name
