{% set payment_methods = ['credit_card', 'coupon'] %}
with payments as (
    select order_id,
    {% for method in payment_methods -%}
    sum(case when payment_method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
    {% endfor -%}
    sum(amount) as total_amount
    from {{ ref('stg_payments') }} group by order_id
)
select o.order_id, o.customer_id, o.status, p.* exclude (order_id)
from {{ ref('stg_orders') }} o left join payments p on o.order_id = p.order_id
