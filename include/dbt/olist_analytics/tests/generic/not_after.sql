{# The first moment is never later than the second, where both are known. #}
{% test not_after(model, earlier, later) %}
select * from {{ model }} where {{ earlier }} > {{ later }}
{% endtest %}
