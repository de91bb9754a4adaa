select
    cast(date_trunc('month', review_date) as date) as review_month,
    cast(count(*) as number(18, 0)) as reviews,
    {{ average('score') }} as average_score,
    {{ share("count(case when score <= 2 then 1 end)", "count(*)") }} as unhappy_share,
    {{ share("count(case when has_comment then 1 end)", "count(*)") }} as comment_share,
    {{ average('answer_hours') }} as average_answer_hours
from {{ ref('fct_reviews') }}
group by cast(date_trunc('month', review_date) as date)
