select
    product_category_name as category_name,
    product_category_name_english as category_name_english,
    _loaded_at as loaded_at
from {{ source('olist', 'product_category_name_translation') }}
