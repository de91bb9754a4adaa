with source as (

    select * from {{ source('olist', 'olist_orders_dataset') }}

),

renamed as (

    select
        order_id,
        customer_id,
        order_status,
        order_purchase_timestamp as purchased_at,
        order_approved_at as approved_at,
        order_delivered_carrier_date as shipped_at,
        order_delivered_customer_date as delivered_at,
        order_estimated_delivery_date as estimated_delivery_at,
        _loaded_at as loaded_at
    from source

)

select * from renamed
{{ only_newest_orders('purchased_at', 'order_id', source('olist', 'olist_orders_dataset'), 'order_purchase_timestamp') }}
