with orders as (

    select
        person_id,
        cast(date_trunc('month', first_order_date) as date) as cohort_month,
        cast(datediff(month, first_order_date, order_date) as number(9, 0)) as months_later,
        order_value
    from {{ ref('int_person_orders') }}

),

sizes as (

    select
        cohort_month,
        count(distinct person_id) as cohort_size
    from orders
    group by cohort_month

)

select
    orders.cohort_month,
    orders.months_later,
    cast(max(sizes.cohort_size) as number(18, 0)) as cohort_size,
    cast(count(distinct orders.person_id) as number(18, 0)) as active_customers,
    {{ share('count(distinct orders.person_id)', 'max(sizes.cohort_size)') }} as retention,
    {{ money('sum(orders.order_value)') }} as order_value
from orders
inner join sizes on orders.cohort_month = sizes.cohort_month
group by orders.cohort_month, orders.months_later
