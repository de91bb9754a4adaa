select order_id, purchased_at from {{ ref('fct_orders') }} where purchased_at > loaded_at
