with orders as (

    select * from {{ ref('stg_orders') }}

),

statuses as (

    select * from {{ ref('order_statuses') }}

)

select
    orders.order_id,
    orders.customer_id,
    orders.order_status,
    coalesce(statuses.stage, 'unknown') as order_stage,
    coalesce(statuses.counts_as_revenue, false) as counts_as_revenue,
    orders.purchased_at,
    cast(orders.purchased_at as date) as order_date,
    orders.approved_at,
    orders.shipped_at,
    orders.delivered_at,
    orders.estimated_delivery_at,
    orders.delivered_at is not null as is_delivered,
    {{ hours_between('orders.purchased_at', 'orders.approved_at') }} as approval_hours,
    cast(datediff(day, orders.purchased_at, orders.delivered_at) as number(9, 0)) as delivery_days,
    cast(datediff(day, orders.estimated_delivery_at, orders.delivered_at) as number(9, 0)) as days_late,
    coalesce(cast(orders.delivered_at as date) > cast(orders.estimated_delivery_at as date), false) as is_late,
    orders.loaded_at
from orders
left join statuses on orders.order_status = statuses.order_status
