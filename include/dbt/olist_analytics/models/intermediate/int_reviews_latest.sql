-- Of several reviews of an order, the one that was answered last.
select
    order_id,
    review_id,
    review_key,
    score,
    title is not null or message is not null as has_comment,
    created_at,
    answered_at,
    {{ hours_between('created_at', 'answered_at') }} as answer_hours,
    loaded_at
from {{ ref('stg_order_reviews') }}
qualify row_number() over (partition by order_id order by answered_at desc, review_id) = 1
