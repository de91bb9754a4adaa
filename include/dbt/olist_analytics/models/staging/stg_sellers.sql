with renamed as (

    select
        seller_id,
        lpad(seller_zip_code_prefix, 5, '0') as zip_code_prefix,
        lower(trim(seller_city)) as city,
        upper(seller_state) as state,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_sellers_dataset') }}

)

select * from renamed
{{ only_first('seller_id') }}
