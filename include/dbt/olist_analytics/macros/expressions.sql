{% macro money(expression) %}cast({{ expression }} as number(18, 2)){% endmacro %}

{# A share of a whole, 0 where there is no whole. #}
{% macro share(part, whole) -%}
  cast(coalesce(round(cast({{ part }} as float) / nullif(cast({{ whole }} as float), 0), 4), 0) as number(9, 4))
{%- endmacro %}

{% macro average(expression, scale=2) %}cast(round(avg(cast({{ expression }} as float)), {{ scale }}) as number(18, {{ scale }})){% endmacro %}

{% macro count_where(condition) %}cast(count(case when {{ condition }} then 1 end) as number(18, 0)){% endmacro %}

{# Whole hours and fractions between two moments. #}
{% macro hours_between(earlier, later) -%}
  cast(round(datediff(second, {{ earlier }}, {{ later }}) / 3600.0, 2) as number(18, 2))
{%- endmacro %}
