{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_id',
    on_schema_change='append_new_columns',
    post_hook="{{ trim_to_window(ref('stg_orders'), 'order_id') }}"
) }}

-- All items of an order are replaced when any part of the order arrives again: an item that was taken out leaves.
with items as (

    select * from {{ ref('int_order_items_priced') }}

),

orders as (

    select * from {{ ref('int_orders_valued') }}

),

joined as (

    select
        items.order_item_key,
        items.order_id,
        items.item_number,
        items.product_id,
        items.seller_id,
        orders.order_date,
        orders.order_status,
        orders.customer_state,
        items.seller_state,
        items.category_group,
        items.price,
        items.freight,
        items.item_value,
        greatest(orders.loaded_at, items.loaded_at) as loaded_at
    from items
    inner join orders on items.order_id = orders.order_id

)

select * from joined
{{ arrived_since() }}
