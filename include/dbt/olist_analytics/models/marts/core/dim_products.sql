select
    product_id,
    category_name,
    category_name_english,
    category_group,
    cast(photo_count as number(9, 0)) as photo_count,
    cast(weight_g as number(18, 0)) as weight_g,
    cast(volume_cm3 as number(18, 0)) as volume_cm3,
    case
        when weight_g is null then 'unknown'
        when weight_g < 500 then 'light'
        when weight_g < 5000 then 'medium'
        else 'heavy'
    end as weight_class
from {{ ref('int_products_categorised') }}
