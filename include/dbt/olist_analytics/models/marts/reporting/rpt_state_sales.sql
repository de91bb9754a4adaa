with orders as (

    select * from {{ ref('fct_orders') }}

),

states as (

    select * from {{ ref('dim_states') }}

)

select
    states.state,
    states.state_name,
    states.region,
    cast(count(orders.order_id) as number(18, 0)) as orders,
    {{ money('coalesce(sum(orders.order_value), 0)') }} as order_value,
    {{ average('orders.order_value') }} as average_order_value,
    {{ average('orders.delivery_days') }} as average_delivery_days,
    {{ share("count(case when orders.is_late then 1 end)", "count(case when orders.is_delivered then 1 end)") }} as late_share
from states
left join orders on states.state = orders.customer_state
group by states.state, states.state_name, states.region
