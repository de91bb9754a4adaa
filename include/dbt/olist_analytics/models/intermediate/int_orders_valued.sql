with orders as (

    select * from {{ ref('int_orders_delivery') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

items as (

    select * from {{ ref('int_items_by_order') }}

),

payments as (

    select * from {{ ref('int_payments_by_order') }}

)

select
    orders.order_id,
    orders.customer_id,
    customers.person_id,
    customers.state as customer_state,
    orders.order_date,
    orders.purchased_at,
    orders.order_status,
    orders.order_stage,
    orders.counts_as_revenue,
    orders.is_delivered,
    orders.approval_hours,
    orders.delivery_days,
    orders.days_late,
    orders.is_late,
    coalesce(items.item_count, 0) as item_count,
    coalesce(items.seller_count, 0) as seller_count,
    {{ money('coalesce(items.products_value, 0)') }} as products_value,
    {{ money('coalesce(items.freight_value, 0)') }} as freight_value,
    {{ money('coalesce(items.order_value, 0)') }} as order_value,
    coalesce(payments.payment_count, 0) as payment_count,
    {{ money('coalesce(payments.paid_value, 0)') }} as paid_value,
    coalesce(payments.main_payment_type, 'not_defined') as main_payment_type,
    coalesce(payments.installments, 0) as installments,
    -- an order is new again when any part of it is
    greatest(
        orders.loaded_at,
        coalesce(items.loaded_at, orders.loaded_at),
        coalesce(payments.loaded_at, orders.loaded_at)
    ) as loaded_at
from orders
left join customers on orders.customer_id = customers.customer_id
left join items on orders.order_id = items.order_id
left join payments on orders.order_id = payments.order_id
