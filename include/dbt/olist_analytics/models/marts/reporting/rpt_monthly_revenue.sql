with months as (

    select
        cast(date_trunc('month', order_date) as date) as order_month,
        cast(sum(orders) as number(18, 0)) as orders,
        cast(sum(items) as number(18, 0)) as items,
        {{ money('sum(order_value)') }} as order_value,
        {{ money('sum(paid_value)') }} as paid_value
    from {{ ref('rpt_daily_revenue') }}
    group by cast(date_trunc('month', order_date) as date)

),

compared as (

    select
        *,
        lag(order_value) over (order by order_month) as previous_value
    from months

)

select
    order_month,
    orders,
    items,
    order_value,
    paid_value,
    {{ money('coalesce(previous_value, 0)') }} as previous_value,
    case
        when previous_value > 0
            then cast(round(cast(order_value - previous_value as float) / previous_value, 4) as number(18, 4))
    end as growth
from compared
