{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='payment_key',
    on_schema_change='append_new_columns',
    post_hook="{{ trim_to_window(ref('stg_orders'), 'order_id') }}"
) }}

with payments as (

    select * from {{ ref('stg_order_payments') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

methods as (

    select * from {{ ref('payment_methods') }}

),

joined as (

    select
        payments.payment_key,
        payments.order_id,
        payments.payment_number,
        cast(orders.purchased_at as date) as order_date,
        payments.payment_type,
        coalesce(methods.label, 'Unknown') as payment_label,
        payments.installments,
        payments.amount,
        greatest(payments.loaded_at, orders.loaded_at) as loaded_at
    from payments
    inner join orders on payments.order_id = orders.order_id
    left join methods on payments.payment_type = methods.payment_type

)

select * from joined
{{ arrived_since() }}
