{# After everything was built, also when some of it failed. #}

{# What went wrong is in the log by name; production puts it where its notifier looks. #}
{% macro post_run_validation(results) %}
  {% if builds() %}
    {% set bad = [] %}
    {% for result in results if result.status | string in ('error', 'fail', 'runtime error') %}
      {% do bad.append(result.node.name) %}
    {% endfor %}
    {% set tests = results | selectattr('node.resource_type', 'in', ['test', 'unit_test']) | list %}
    {% set passed = tests | selectattr('status', 'in', ['pass', 'warn']) | list %}
    {% do log("quality: " ~ passed | length ~ " of " ~ tests | length ~ " tests passed" ~ (("; failed: " ~ bad | join(', ')) if bad else ''), info=true) %}
    {% if setting('notify') %}
      {% set message = (bad | length ~ " nodes failed: " ~ bad | join(', ')) if bad else (results | length ~ " nodes succeeded") %}
      {% do record('notice', [[sql_text(invocation_id), sql_text(target.name), "'error'" if bad else "'info'", sql_text(message)]]) %}
    {% endif %}
  {% endif %}
{% endmacro %}

{# How old the newest order that consumers can see is, against what was promised. #}
{% macro sla_report() %}
  {% if builds() %}
    {% set orders = adapter.get_relation(target.database, generate_schema_name('MARTS', none), 'FCT_ORDERS') %}
    {% if orders %}
      {% set lag = "datediff(second, max(loaded_at), cast(sysdate() as timestamp_ntz)) / 3600.0" %}
      {% do run_query(
          "insert into " ~ audit_schema() ~ ".SLA select cast(sysdate() as timestamp_ntz), " ~ sql_text(invocation_id) ~ ", "
          ~ sql_text(target.name) ~ ", max(loaded_at), " ~ lag ~ ", " ~ setting('sla_hours') ~ ", case when " ~ lag ~ " <= "
          ~ setting('sla_hours') ~ " then 'met' else 'missed' end from " ~ orders
      ) %}
    {% endif %}
  {% endif %}
{% endmacro %}

{% macro run_summary(results) %}
  {% if builds() %}
    {% set rows, seconds = [], [] %}
    {% for result in results %}
      {% do seconds.append(result.execution_time) %}
      {% do rows.append([
          sql_text(invocation_id), sql_text(result.node.unique_id), sql_text(result.node.resource_type | string),
          sql_text(result.status | string), result.failures if result.failures is not none else "null",
          (result.execution_time or 0) | round(2), sql_text(result.message)
      ]) %}
    {% endfor %}
    {% do record('result', rows) %}
    {% set failed = results | selectattr('status', 'in', ['error', 'fail', 'runtime error']) | list | length %}
    {% do record('run', [[
        sql_text(invocation_id), "'finished'", sql_text(target.name), sql_text(flags.WHICH), sql_text(target.user),
        "current_role()", "current_warehouse()", target.threads, sql_text(query_tag(none)),
        seconds | sum | round(2), results | length - failed, failed
    ]]) %}
  {% endif %}
{% endmacro %}
