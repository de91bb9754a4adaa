with renamed as (

    select
        customer_id,
        customer_unique_id as person_id,
        lpad(customer_zip_code_prefix, 5, '0') as zip_code_prefix,
        lower(trim(customer_city)) as city,
        upper(customer_state) as state,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_customers_dataset') }}

)

select * from renamed
{{ only_with(ref('stg_orders'), 'customer_id', 'customer_id') }}
