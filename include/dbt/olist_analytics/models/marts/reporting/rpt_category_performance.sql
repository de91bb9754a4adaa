with items as (

    select * from {{ ref('fct_order_items') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

reviews as (

    select * from {{ ref('fct_reviews') }}

)

select
    products.category_name,
    products.category_name_english,
    products.category_group,
    cast(count(distinct items.order_id) as number(18, 0)) as orders,
    cast(count(*) as number(18, 0)) as items,
    cast(count(distinct items.product_id) as number(18, 0)) as products_sold,
    {{ money('sum(items.price)') }} as products_value,
    {{ money('sum(items.freight)') }} as freight_value,
    {{ share('sum(items.freight)', 'sum(items.item_value)') }} as freight_share,
    {{ average('items.price') }} as average_price,
    {{ average('reviews.score') }} as average_score
from items
inner join products on items.product_id = products.product_id
left join reviews on items.order_id = reviews.order_id
group by products.category_name, products.category_name_english, products.category_group
