{# Development builds on part of the data: the newest days and rows, and of everything else only what belongs to them. #}

{# The share of the row limit that orders take, so that their items, payments and reviews stay below it too. #}
{% macro order_share() %}{{ return(0.8) }}{% endmacro %}

{# Closes a select over orders: the newest ones. #}
{% macro only_newest_orders(moment, key, relation, source_moment) -%}
  {%- if setting('lookback_days') %}
where {{ moment }} >= (
    select dateadd(day, -{{ setting('lookback_days') }}, max({{ source_moment }})) from {{ relation }}
)
  {%- endif %}
  {%- if setting('row_limit') %}
qualify row_number() over (order by {{ moment }} desc, {{ key }}) <= {{ (setting('row_limit') * order_share()) | int }}
  {%- endif %}
{%- endmacro %}

{# Closes a select over what belongs to orders or customers: only theirs, and no more than the limit. #}
{% macro only_with(relation, key, order_by) -%}
  {%- if setting('row_limit') or setting('lookback_days') %}
where {{ key }} in (select {{ key }} from {{ relation }})
  {%- endif %}
  {{- only_first(order_by) }}
{%- endmacro %}

{# Closes a select: no more rows than the limit. #}
{% macro only_first(order_by) -%}
  {%- if setting('row_limit') %}
qualify row_number() over (order by {{ order_by }}) <= {{ setting('row_limit') }}
  {%- endif %}
{%- endmacro %}

{# After an incremental model in development: what has left the window leaves the table. #}
{% macro trim_to_window(relation, key) -%}
  {%- if setting('row_limit') or setting('lookback_days') -%}
delete from {{ this }} where {{ key }} not in (select {{ key }} from {{ relation }})
  {%- endif -%}
{%- endmacro %}
