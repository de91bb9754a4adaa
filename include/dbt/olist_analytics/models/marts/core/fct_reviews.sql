{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_id',
    on_schema_change='append_new_columns',
    post_hook="{{ trim_to_window(ref('stg_orders'), 'order_id') }}"
) }}

-- One row for each reviewed order: a later review replaces the one before.
with reviews as (

    select * from {{ ref('int_reviews_latest') }}

),

orders as (

    select * from {{ ref('int_orders_delivery') }}

),

joined as (

    select
        reviews.order_id,
        reviews.review_id,
        orders.order_date,
        cast(reviews.created_at as date) as review_date,
        cast(reviews.score as number(9, 0)) as score,
        reviews.has_comment,
        reviews.answer_hours,
        orders.is_late,
        reviews.loaded_at
    from reviews
    inner join orders on reviews.order_id = orders.order_id

)

select * from joined
{{ arrived_since() }}
