"""A project that is not ours: seeds, staging views, marts, names of its own, and no idea of swaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from shop import Shop, write

from sluice.dbt.project import REF_OVERRIDE
from sluice.domain.gates import Verdict
from sluice.domain.policies import Gates, Metric, Policies
from sluice.errors import SpecError
from sluice.stages import refresh
from sluice.stages.stage import GateError

JAFFLE = {
    "dbt_project.yml": """
name: jaffle_shop
config-version: 2
version: '0.1'
profile: jaffle_shop_profile
model-paths: [models]
seed-paths: [seeds]
macro-paths: [macros]
target-path: target
clean-targets: [target, dbt_modules, logs]
models:
  jaffle_shop:
    materialized: table
    staging: {materialized: view}
""",
    "seeds/raw_customers.csv": "id,first_name,last_name\n1,Michael,P.\n2,Shawn,M.\n3,Kathleen,P.\n",
    "seeds/raw_orders.csv": "id,user_id,order_date,status\n1,1,2018-01-01,returned\n2,3,2018-01-02,completed\n",
    "seeds/raw_payments.csv": "id,order_id,payment_method,amount\n1,1,credit_card,1000\n2,2,coupon,2500\n",
    "models/staging/stg_customers.sql": """
with source as (select * from {{ ref('raw_customers') }})
select id as customer_id, first_name, last_name from source
""",
    "models/staging/stg_orders.sql": """
with source as (select * from {{ ref('raw_orders') }})
select id as order_id, user_id as customer_id, order_date, status from source
""",
    "models/staging/stg_payments.sql": """
with source as (select * from {{ ref('raw_payments') }})
select id as payment_id, order_id, payment_method, amount / 100 as amount from source
""",
    "models/customers.sql": """
with orders as (
    select customer_id, min(order_date) as first_order, count(order_id) as number_of_orders
    from {{ ref('stg_orders') }} group by customer_id
)
select c.customer_id, c.first_name, c.last_name, o.first_order, o.number_of_orders
from {{ ref('stg_customers') }} c left join orders o on c.customer_id = o.customer_id
""",
    "models/orders.sql": """
{% set payment_methods = ['credit_card', 'coupon'] %}
with payments as (
    select order_id,
    {% for method in payment_methods -%}
    sum(case when payment_method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
    {% endfor -%}
    sum(amount) as total_amount
    from {{ ref('stg_payments') }} group by order_id
)
select o.order_id, o.customer_id, o.status, p.* exclude (order_id)
from {{ ref('stg_orders') }} o left join payments p on o.order_id = p.order_id
""",
    "models/schema.yml": """
version: 2
models:
  - name: customers
    columns:
      - {name: customer_id, data_tests: [unique, not_null]}
  - name: orders
    columns:
      - name: customer_id
        data_tests:
          - relationships: {arguments: {to: ref('customers'), field: customer_id}}
      - name: status
        data_tests:
          - accepted_values: {arguments: {values: [placed, shipped, completed, returned]}}
""",
}


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
