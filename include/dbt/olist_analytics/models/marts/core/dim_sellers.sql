with sellers as (

    select * from {{ ref('stg_sellers') }}

),

zips as (

    select * from {{ ref('int_zip_locations') }}

),

states as (

    select * from {{ ref('brazilian_states') }}

),

activity as (

    select
        seller_id,
        min(order_month) as first_month,
        max(order_month) as last_month
    from {{ ref('int_seller_months') }}
    group by seller_id

)

select
    sellers.seller_id,
    sellers.zip_code_prefix,
    sellers.city,
    sellers.state,
    coalesce(states.region, 'Unknown') as region,
    zips.latitude,
    zips.longitude,
    activity.first_month as first_sale_month,
    activity.last_month as last_sale_month
from sellers
left join zips on sellers.zip_code_prefix = zips.zip_code_prefix
left join states on sellers.state = states.state
left join activity on sellers.seller_id = activity.seller_id
