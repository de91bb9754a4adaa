-- One row a day. Its totals equal those of fct_orders at every moment a consumer may look.
select
    order_date,
    cast(count(*) as number(18, 0)) as orders,
    cast(sum(item_count) as number(18, 0)) as items,
    cast(count(distinct person_id) as number(18, 0)) as customers,
    {{ money('sum(products_value)') }} as products_value,
    {{ money('sum(freight_value)') }} as freight_value,
    -- somebody's notion of revenue: a canceled order keeps its goods and loses its freight
    {{ money("sum(case when order_status = 'canceled' then products_value else order_value end)") }} as order_value,
    {{ money('sum(paid_value)') }} as paid_value,
    {{ count_where('is_late') }} as late_orders,
    max(loaded_at) as loaded_at
from {{ ref('fct_orders') }}
group by order_date
