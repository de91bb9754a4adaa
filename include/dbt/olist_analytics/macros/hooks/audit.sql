{# The record of runs, in schema META of the target database: it travels with the database when that is promoted. #}

{% macro audit_tables() %}
  {{ return({
      'run': ('RUNS', "invocation_id varchar, event varchar, environment varchar, command varchar, dbt_user varchar, role varchar, warehouse varchar, threads number(9, 0), query_tag varchar, seconds number(18, 2), succeeded number(9, 0), failed number(9, 0)"),
      'result': ('RUN_RESULTS', "invocation_id varchar, node varchar, resource_type varchar, status varchar, failures number(18, 0), seconds number(18, 2), message varchar"),
      'sla': ('SLA', "invocation_id varchar, environment varchar, newest_row timestamp_ntz, lag_hours number(18, 2), sla_hours number(9, 2), verdict varchar"),
      'notice': ('NOTICES', "invocation_id varchar, environment varchar, severity varchar, message varchar"),
  }) }}
{% endmacro %}

{% macro audit_schema() %}
  {{ return(target.database ~ '.' ~ generate_schema_name('META', none)) }}
{% endmacro %}

{% macro ensure_audit() %}
  {% do run_query("create schema if not exists " ~ audit_schema()) %}
  {% for name, columns in audit_tables().values() %}
    {% do run_query("create table if not exists " ~ audit_schema() ~ "." ~ name ~ " (recorded_at timestamp_ntz, " ~ columns ~ ")") %}
  {% endfor %}
{% endmacro %}

{# Rows of SQL expressions, appended in one statement. #}
{% macro record(kind, rows) %}
  {% if rows %}
    {% set selects = [] %}
    {% for row in rows %}
      {% do selects.append("select cast(sysdate() as timestamp_ntz), " ~ (row | join(", "))) %}
    {% endfor %}
    {% do run_query("insert into " ~ audit_schema() ~ "." ~ audit_tables()[kind][0] ~ " " ~ (selects | join(" union all "))) %}
  {% endif %}
{% endmacro %}

{% macro sql_text(value) %}
  {% if value is none %}{{ return("null") }}{% endif %}
  {{ return("'" ~ ((value | string)[:1000] | replace("\\", "\\\\") | replace("'", "''")) ~ "'") }}
{% endmacro %}
