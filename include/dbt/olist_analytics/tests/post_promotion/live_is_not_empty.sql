{{ config(tags=['post_promotion'], warn_if='>0', error_if='>0', store_failures=false) }}

select 'fct_orders' as relation where not exists (select 1 from {{ ref('fct_orders') }})
union all
select 'rpt_daily_revenue' as relation where not exists (select 1 from {{ ref('rpt_daily_revenue') }})
union all
select 'dim_customers' as relation where not exists (select 1 from {{ ref('dim_customers') }})
