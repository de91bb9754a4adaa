-- Interest on instalments makes small differences; a tenth of the order is too much.
select order_id, order_value, paid_value
from {{ ref('fct_orders') }}
where item_count > 0 and payment_count > 0 and abs(paid_value - order_value) > 0.1 * order_value
