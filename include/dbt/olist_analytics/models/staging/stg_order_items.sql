with renamed as (

    select
        order_id || '-' || order_item_id as order_item_key,
        order_id,
        order_item_id as item_number,
        product_id,
        seller_id,
        shipping_limit_date as shipping_limit_at,
        {{ money('price') }} as price,
        {{ money('freight_value') }} as freight,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_order_items_dataset') }}

)

select * from renamed
{{ only_with(ref('stg_orders'), 'order_id', 'order_id, item_number') }}
