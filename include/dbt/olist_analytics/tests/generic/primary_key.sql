{# Every row has a key of its own: unique and never null, in one statement. #}
{% test primary_key(model, column_name) %}
select {{ column_name }} as key_value, count(*) as row_count
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null
{% endtest %}
