with renamed as (

    select
        order_id || '-' || payment_sequential as payment_key,
        order_id,
        payment_sequential as payment_number,
        payment_type,
        payment_installments as installments,
        {{ money('payment_value') }} as amount,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_order_payments_dataset') }}

)

select * from renamed
{{ only_with(ref('stg_orders'), 'order_id', 'order_id, payment_number') }}
