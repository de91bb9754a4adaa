-- A person has a customer_id for each order; the newest one says where the person lives.
with orders as (

    select * from {{ ref('stg_orders') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

joined as (

    select
        customers.person_id,
        customers.zip_code_prefix,
        customers.city,
        customers.state,
        orders.order_id,
        orders.purchased_at,
        row_number() over (
            partition by customers.person_id order by orders.purchased_at desc, orders.order_id
        ) as newest
    from customers
    inner join orders on customers.customer_id = orders.customer_id

)

select
    person_id,
    max(case when newest = 1 then zip_code_prefix end) as zip_code_prefix,
    max(case when newest = 1 then city end) as city,
    max(case when newest = 1 then state end) as state,
    cast(count(*) as number(18, 0)) as order_count,
    min(purchased_at) as first_order_at,
    max(purchased_at) as last_order_at
from joined
group by person_id
