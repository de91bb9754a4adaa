{# The same schemas in every environment: a database can then be promoted by exchanging its name. In dev, a developer's
   own name may stand in front. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set name = (custom_schema_name or target.schema) | trim | upper -%}
  {%- set developer = var('developer', '') if target.name == 'dev' else '' -%}
  {{ (developer ~ '_' if developer else '') | upper ~ name }}
{%- endmacro %}
