{{ config(tags=['post_promotion'], warn_if='>0', error_if='>0', store_failures=false) }}

select order_id from {{ ref('fct_orders') }} group by order_id having count(*) > 1
union all
select person_id from {{ ref('dim_customers') }} group by person_id having count(*) > 1
union all
select product_id from {{ ref('dim_products') }} group by product_id having count(*) > 1
