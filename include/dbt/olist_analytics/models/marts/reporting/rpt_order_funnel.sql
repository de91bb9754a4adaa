with orders as (

    select * from {{ ref('fct_orders') }}

),

statuses as (

    select * from {{ ref('order_statuses') }}

)

select
    statuses.order_status,
    statuses.stage,
    cast(statuses.position as number(9, 0)) as position,
    cast(count(orders.order_id) as number(18, 0)) as orders,
    {{ money('coalesce(sum(orders.order_value), 0)') }} as order_value
from statuses
left join orders on statuses.order_status = orders.order_status
group by statuses.order_status, statuses.stage, statuses.position
