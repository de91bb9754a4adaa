-- The orders of a person in sequence, with the days since the one before.
select
    order_id,
    person_id,
    order_date,
    order_value,
    cast(row_number() over (partition by person_id order by purchased_at, order_id) as number(18, 0)) as order_number,
    cast(
        datediff(day, lag(purchased_at) over (partition by person_id order by purchased_at, order_id), purchased_at)
        as number(9, 0)
    ) as days_since_previous,
    min(order_date) over (partition by person_id) as first_order_date
from {{ ref('int_orders_valued') }}
