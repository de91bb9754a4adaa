select
    cast(date_trunc('month', order_date) as date) as order_month,
    customer_state,
    cast(count(*) as number(18, 0)) as orders,
    {{ count_where('is_delivered') }} as delivered_orders,
    {{ count_where('is_late') }} as late_orders,
    {{ share("count(case when is_late then 1 end)", "count(case when is_delivered then 1 end)") }} as late_share,
    {{ average('delivery_days') }} as average_delivery_days
from {{ ref('fct_orders') }}
group by cast(date_trunc('month', order_date) as date), customer_state
