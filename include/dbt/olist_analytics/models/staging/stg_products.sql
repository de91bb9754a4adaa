with renamed as (

    select
        product_id,
        coalesce(product_category_name, 'sem_categoria') as category_name,
        product_name_lenght as name_length,
        product_description_lenght as description_length,
        coalesce(product_photos_qty, 0) as photo_count,
        product_weight_g as weight_g,
        product_length_cm * product_height_cm * product_width_cm as volume_cm3,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_products_dataset') }}

)

select * from renamed
{{ only_first('product_id') }}
