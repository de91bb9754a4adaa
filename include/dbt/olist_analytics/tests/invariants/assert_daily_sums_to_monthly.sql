{{ config(warn_if='>0', error_if='>0') }}

with daily as (

    select cast(date_trunc('month', order_date) as date) as order_month, sum(order_value) as order_value
    from {{ ref('rpt_daily_revenue') }}
    group by cast(date_trunc('month', order_date) as date)

)

select daily.order_month, daily.order_value, monthly.order_value as monthly_value
from daily
inner join {{ ref('rpt_monthly_revenue') }} as monthly on daily.order_month = monthly.order_month
where daily.order_value <> monthly.order_value
