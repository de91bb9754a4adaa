-- The published data has eight delivered orders without a date.
{{ config(severity='warn') }}
select order_id from {{ ref('fct_orders') }} where order_status = 'delivered' and not is_delivered
