{# The same schemas in every environment: a database can then be promoted by exchanging its name. In dev, a developer's
   own name may stand in front; it does already in `target.schema`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set developer = var('developer', '') if target.name == 'dev' else '' -%}
  {%- set prefix = (developer ~ '_') | upper if developer else '' -%}
  {%- set name = (custom_schema_name or target.schema) | trim | upper -%}
  {{ name if name.startswith(prefix) else prefix ~ name }}
{%- endmacro %}
