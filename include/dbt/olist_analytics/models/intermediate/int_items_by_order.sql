select
    order_id,
    cast(count(*) as number(18, 0)) as item_count,
    cast(count(distinct product_id) as number(18, 0)) as product_count,
    cast(count(distinct seller_id) as number(18, 0)) as seller_count,
    {{ money('sum(price)') }} as products_value,
    {{ money('sum(freight)') }} as freight_value,
    {{ money('sum(price + freight)') }} as order_value,
    max(loaded_at) as loaded_at
from {{ ref('stg_order_items') }}
group by order_id
