-- One point for each zip code prefix: the published file has many, some of them outside the country.
select
    zip_code_prefix,
    cast(round(avg(latitude), 6) as number(9, 6)) as latitude,
    cast(round(avg(longitude), 6) as number(9, 6)) as longitude,
    cast(count(*) as number(18, 0)) as point_count
from {{ ref('stg_geolocation') }}
where latitude between -34 and 6 and longitude between -74 and -34
group by zip_code_prefix
