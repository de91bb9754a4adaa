with items as (

    select * from {{ ref('stg_order_items') }}

),

products as (

    select * from {{ ref('int_products_categorised') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

)

select
    items.order_item_key,
    items.order_id,
    items.item_number,
    items.product_id,
    items.seller_id,
    coalesce(products.category_name_english, 'not translated') as category_name_english,
    coalesce(products.category_group, 'Other') as category_group,
    sellers.state as seller_state,
    items.shipping_limit_at,
    items.price,
    items.freight,
    {{ money('items.price + items.freight') }} as item_value,
    items.loaded_at
from items
left join products on items.product_id = products.product_id
left join sellers on items.seller_id = sellers.seller_id
