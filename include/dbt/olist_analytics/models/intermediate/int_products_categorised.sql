with products as (

    select * from {{ ref('stg_products') }}

),

categories as (

    select * from {{ ref('stg_product_categories') }}

),

groups as (

    select * from {{ ref('category_groups') }}

)

select
    products.product_id,
    products.category_name,
    coalesce(categories.category_name_english, 'not translated') as category_name_english,
    coalesce(groups.category_group, 'Other') as category_group,
    products.name_length,
    products.description_length,
    products.photo_count,
    products.weight_g,
    products.volume_cm3
from products
left join categories on products.category_name = categories.category_name
left join groups on products.category_name = groups.category_name
