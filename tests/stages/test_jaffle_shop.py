"""A project that is not ours: seeds, staging views, marts, names of its own, and no idea of swaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from shop import Shop, write

from sluice.dbt.project import REF_OVERRIDE
from sluice.domain.gates import Verdict
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


def test_a_classic_project_is_promoted_once_its_views_stay_at_home(shop: Shop, tmp_path: Path) -> None:
    """Its views with three-part names are refused with the cure; with the cure it goes live, seeds, tests and all."""
    project = write(tmp_path / "jaffle", JAFFLE)
    jaffle = Shop(replace(shop.work, project=project), project, shop.port, shop.keys)
    jaffle.work = replace(jaffle.work, policies=replace(jaffle.work.policies, all_checks=()))
    jaffle.validated("dev")
    deployment = jaffle.plan("staging")
    jaffle.run(deployment, ("lock", "record_undo", "clone", "build"))
    with pytest.raises(GateError) as refused:
        jaffle.stage(deployment, "judge")
    (found,) = [one for one in refused.value.evidence if one.verdict is Verdict.FAIL]
    assert found.gate == "self-containment"
    assert REF_OVERRIDE in found.detail[-1]
    jaffle.run(deployment, ("undo", "unlock"))
    write(project, {"macros/ref.sql": found.detail[-1].split("\n", 1)[1]})
    jaffle.validated("dev")
    reports = jaffle.promote("staging")
    (built,) = [one.facts for one in reports if one.stage == "build"]
    assert (built["built"], built["tests"]) == (8, 4)
    assert jaffle.value("select sum(total_amount) from shop_staging.analytics.orders", "staging") == 35
    assert jaffle.value("select count(*) from shop_staging.analytics.stg_orders", "staging") == 2
