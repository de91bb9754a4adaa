{{ config(tags=['post_promotion'], warn_if='>0', error_if='>0', store_failures=false) }}

select facts.order_value, items.item_value
from (select sum(order_value) as order_value from {{ ref('fct_orders') }}) as facts
cross join (select sum(item_value) as item_value from {{ ref('fct_order_items') }}) as items
where facts.order_value <> items.item_value
