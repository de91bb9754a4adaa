with renamed as (

    select
        lpad(geolocation_zip_code_prefix, 5, '0') as zip_code_prefix,
        geolocation_lat as latitude,
        geolocation_lng as longitude,
        lower(trim(geolocation_city)) as city,
        upper(geolocation_state) as state,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_geolocation_dataset') }}

)

select * from renamed
{{ only_first('zip_code_prefix, latitude, longitude') }}
