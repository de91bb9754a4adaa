{{ config(warn_if='>0', error_if='>0') }}

with items as (

    select order_id, sum(item_value) as item_value from {{ ref('fct_order_items') }} group by order_id

)

select orders.order_id, orders.order_value, items.item_value
from {{ ref('fct_orders') }} as orders
left join items on orders.order_id = items.order_id
where orders.order_value <> coalesce(items.item_value, 0)
