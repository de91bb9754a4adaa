-- Every day from the first of 2016 to the end of 2029, counted with digits so that it needs no data.
with digits as (

    {% for digit in range(10) -%}
    select {{ digit }} as digit {{ 'union all' if not loop.last }}
    {% endfor %}

),

days as (

    select
        cast(dateadd(
            day,
            ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit,
            cast('2016-01-01' as date)
        ) as date) as date_day
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands

)

select
    date_day,
    cast(extract(year from date_day) as number(9, 0)) as year_number,
    cast(extract(quarter from date_day) as number(9, 0)) as quarter_number,
    cast(extract(month from date_day) as number(9, 0)) as month_number,
    cast(date_trunc('month', date_day) as date) as month_start,
    cast(extract(day from date_day) as number(9, 0)) as day_of_month,
    cast(dayofweekiso(date_day) as number(9, 0)) as day_of_week,
    dayofweekiso(date_day) >= 6 as is_weekend
from days
where date_day < cast('2030-01-01' as date)
