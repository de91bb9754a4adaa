with payments as (

    select * from {{ ref('stg_order_payments') }}

),

ranked as (

    select
        *,
        row_number() over (partition by order_id order by amount desc, payment_number) as by_amount
    from payments

)

select
    order_id,
    cast(count(*) as number(18, 0)) as payment_count,
    {{ money('sum(amount)') }} as paid_value,
    {{ money("sum(case when payment_type = 'voucher' then amount else 0 end)") }} as voucher_value,
    max(case when by_amount = 1 then payment_type end) as main_payment_type,
    cast(max(installments) as number(9, 0)) as installments,
    max(loaded_at) as loaded_at
from ranked
group by order_id
