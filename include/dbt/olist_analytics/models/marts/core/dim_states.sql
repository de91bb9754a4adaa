with states as (

    select * from {{ ref('brazilian_states') }}

),

people as (

    select
        state,
        cast(count(*) as number(18, 0)) as customer_count
    from {{ ref('int_people') }}
    group by state

),

sellers as (

    select
        state,
        cast(count(*) as number(18, 0)) as seller_count
    from {{ ref('stg_sellers') }}
    group by state

)

select
    states.state,
    states.state_name,
    states.region,
    states.capital,
    coalesce(people.customer_count, 0) as customer_count,
    coalesce(sellers.seller_count, 0) as seller_count
from states
left join people on states.state = people.state
left join sellers on states.state = sellers.state
