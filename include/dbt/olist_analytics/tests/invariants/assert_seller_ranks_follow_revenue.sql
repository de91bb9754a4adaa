{{ config(warn_if='>0', error_if='>0') }}

select better.seller_id
from {{ ref('rpt_seller_performance') }} as better
inner join {{ ref('rpt_seller_performance') }} as worse on better.revenue_rank + 1 = worse.revenue_rank
where better.products_value < worse.products_value
