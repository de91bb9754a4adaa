{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    on_schema_change='append_new_columns',
    post_hook="{{ trim_to_window(ref('int_orders_valued'), 'order_id') }}"
) }}

select
    order_id,
    customer_id,
    person_id,
    customer_state,
    order_date,
    purchased_at,
    order_status,
    order_stage,
    counts_as_revenue,
    is_delivered,
    approval_hours,
    delivery_days,
    days_late,
    is_late,
    item_count,
    seller_count,
    products_value,
    freight_value,
    order_value,
    payment_count,
    paid_value,
    main_payment_type,
    installments,
    loaded_at
from {{ ref('int_orders_valued') }}
{{ arrived_since() }}
