with renamed as (

    select
        review_id || '-' || order_id as review_key,
        review_id, -- not unique: one review may be given for several orders
        order_id,
        review_score as score,
        review_comment_title as title,
        review_comment_message as message,
        review_creation_date as created_at,
        review_answer_timestamp as answered_at,
        _loaded_at as loaded_at
    from {{ source('olist', 'olist_order_reviews_dataset') }}

)

select * from renamed
{{ only_with(ref('stg_orders'), 'order_id', 'order_id, review_id') }}
