with orders as (
    select customer_id, min(order_date) as first_order, count(order_id) as number_of_orders
    from {{ ref('stg_orders') }} group by customer_id
)
select c.customer_id, c.first_name, c.last_name, o.first_order, o.number_of_orders
from {{ ref('stg_customers') }} c left join orders o on c.customer_id = o.customer_id
