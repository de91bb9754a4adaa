with months as (

    select * from {{ ref('int_seller_months') }}

),

sellers as (

    select * from {{ ref('dim_sellers') }}

),

totals as (

    select
        seller_id,
        cast(sum(order_count) as number(18, 0)) as orders,
        cast(sum(item_count) as number(18, 0)) as items,
        {{ money('sum(products_value)') }} as products_value,
        {{ share('sum(late_order_count)', 'sum(order_count)') }} as late_share,
        cast(round(cast(sum(score_total) as float) / nullif(sum(scored_item_count), 0), 2) as number(18, 2)) as average_score,
        cast(count(*) as number(18, 0)) as active_months
    from months
    group by seller_id

)

select
    totals.seller_id,
    sellers.state,
    sellers.region,
    totals.orders,
    totals.items,
    totals.products_value,
    totals.late_share,
    totals.average_score,
    totals.active_months,
    cast(rank() over (order by totals.products_value desc, totals.items desc) as number(18, 0)) as revenue_rank
from totals
inner join sellers on totals.seller_id = sellers.seller_id
