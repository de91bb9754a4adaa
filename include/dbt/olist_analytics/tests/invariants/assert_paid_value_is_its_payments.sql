{{ config(warn_if='>0', error_if='>0') }}

with payments as (

    select order_id, sum(amount) as amount from {{ ref('fct_payments') }} group by order_id

)

select orders.order_id, orders.paid_value, payments.amount
from {{ ref('fct_orders') }} as orders
left join payments on orders.order_id = payments.order_id
where orders.paid_value <> coalesce(payments.amount, 0)
