with items as (

    select * from {{ ref('int_order_items_priced') }}

),

orders as (

    select * from {{ ref('int_orders_delivery') }}

),

reviews as (

    select * from {{ ref('int_reviews_latest') }}

)

select
    items.seller_id,
    cast(date_trunc('month', orders.order_date) as date) as order_month,
    cast(count(distinct items.order_id) as number(18, 0)) as order_count,
    cast(count(*) as number(18, 0)) as item_count,
    {{ money('sum(items.price)') }} as products_value,
    {{ money('sum(items.freight)') }} as freight_value,
    cast(count(distinct case when orders.is_late then items.order_id end) as number(18, 0)) as late_order_count,
    cast(count(reviews.score) as number(18, 0)) as scored_item_count,
    cast(coalesce(sum(reviews.score), 0) as number(18, 0)) as score_total
from items
inner join orders on items.order_id = orders.order_id
left join reviews on items.order_id = reviews.order_id
group by items.seller_id, cast(date_trunc('month', orders.order_date) as date)
