with people as (

    select * from {{ ref('int_people') }}

),

zips as (

    select * from {{ ref('int_zip_locations') }}

),

states as (

    select * from {{ ref('brazilian_states') }}

)

select
    people.person_id,
    people.zip_code_prefix,
    people.city,
    people.state,
    coalesce(states.state_name, 'Unknown') as state_name,
    coalesce(states.region, 'Unknown') as region,
    zips.latitude,
    zips.longitude,
    people.order_count,
    cast(people.first_order_at as date) as first_order_date,
    cast(people.last_order_at as date) as last_order_date,
    people.order_count > 1 as is_returning
from people
left join zips on people.zip_code_prefix = zips.zip_code_prefix
left join states on people.state = states.state
