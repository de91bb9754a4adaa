{{ config(tags=['post_promotion'], warn_if='>0', error_if='>0', store_failures=false) }}

-- Day by day, so that two errors that cancel out are found.
with facts as (

    select order_date, count(*) as orders, sum(order_value) as order_value, sum(paid_value) as paid_value
    from {{ ref('fct_orders') }}
    group by order_date

)

select coalesce(facts.order_date, daily.order_date) as order_date, facts.order_value, daily.order_value as daily_value
from facts
full outer join {{ ref('rpt_daily_revenue') }} as daily on facts.order_date = daily.order_date
where facts.order_date is null
    or daily.order_date is null
    or facts.orders <> daily.orders
    or facts.order_value <> daily.order_value
    or facts.paid_value <> daily.paid_value
