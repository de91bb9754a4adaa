{{ config(enabled=flag('experimental'), tags=['experimental']) }}

-- Tried out in development: which routes are late more often than the country as a whole.
with routes as (

    select
        items.seller_state,
        items.customer_state,
        count(distinct items.order_id) as orders,
        count(distinct case when orders.is_late then items.order_id end) as late_orders
    from {{ ref('fct_order_items') }} as items
    inner join {{ ref('fct_orders') }} as orders on items.order_id = orders.order_id
    group by items.seller_state, items.customer_state

)

select
    seller_state,
    customer_state,
    cast(orders as number(18, 0)) as orders,
    cast(late_orders as number(18, 0)) as late_orders,
    {{ share('late_orders', 'orders') }} as late_share,
    cast(
        round(cast(late_orders as float) / orders - sum(late_orders) over () / nullif(cast(sum(orders) over () as float), 0), 4)
        as number(9, 4)
    ) as above_average
from routes
