select
    cast(date_trunc('month', order_date) as date) as order_month,
    payment_type,
    payment_label,
    cast(count(*) as number(18, 0)) as payments,
    {{ money('sum(amount)') }} as amount,
    {{ average('installments') }} as average_installments
from {{ ref('fct_payments') }}
group by cast(date_trunc('month', order_date) as date), payment_type, payment_label
