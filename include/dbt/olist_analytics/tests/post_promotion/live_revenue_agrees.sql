{{ config(tags=['post_promotion'], warn_if='>0', error_if='>0', store_failures=false) }}

-- The statement that consumers' dashboards rest on: both tables tell the same orders and the same money.
select facts.orders, facts.order_value, daily.orders as daily_orders, daily.order_value as daily_value
from (select count(*) as orders, sum(order_value) as order_value from {{ ref('fct_orders') }}) as facts
cross join (select sum(orders) as orders, sum(order_value) as order_value from {{ ref('rpt_daily_revenue') }}) as daily
where facts.orders <> daily.orders or facts.order_value <> daily.order_value
