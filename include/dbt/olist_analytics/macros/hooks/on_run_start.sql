{# Before anything is built. Each macro returns nothing to run: it asks the account itself, and stops the run with a sentence. #}

{# A name without the quotes that the profile may have put around it. #}
{% macro plain(name) %}
  {{ return((name or '') | replace('"', '')) }}
{% endmacro %}

{# True in commands that build; a test of live, a compile or the docs write nothing. #}
{% macro builds() %}
  {{ return(execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot')) }}
{% endmacro %}

{% macro pre_run_validation() %}
  {% if execute and flags.WHICH in ('build', 'run', 'snapshot', 'test') %}
    {% set raw = var('raw_database') %}
    {% if raw | upper == plain(target.database) | upper %}
      {% do exceptions.raise_compiler_error("target database " ~ target.database ~ " is the raw database; build beside it, e.g. OLIST_DEV") %}
    {% endif %}
    {% set here = run_query("select current_database() as d, current_role() as r").rows[0] %}
    {% if (here[0] or '') | upper != plain(target.database) | upper %}
      {% do exceptions.raise_compiler_error("connected to database " ~ here[0] ~ ", but the target is " ~ target.database ~ ": does it exist, and may role " ~ here[1] ~ " use it?") %}
    {% endif %}
    {% if target.role and (here[1] or '') | upper != plain(target.role) | upper %}
      {% do exceptions.raise_compiler_error("connected as role " ~ here[1] ~ ", but the target says " ~ target.role) %}
    {% endif %}
    {% do require_sources(raw) %}
  {% endif %}
{% endmacro %}

{% macro require_sources(raw) %}
  {% set found = run_query(
      "select table_name from " ~ raw ~ ".information_schema.tables where table_schema = '" ~ (var('raw_schema') | upper) ~ "'"
  ).columns[0].values() | map('upper') | list %}
  {% set missing = [] %}
  {% for source in graph.sources.values() if source.package_name == project_name and source.identifier | upper not in found %}
    {% do missing.append(source.identifier | upper) %}
  {% endfor %}
  {% if missing %}
    {% do exceptions.raise_compiler_error(
        "source " ~ raw ~ "." ~ var('raw_schema') ~ " lacks " ~ (missing | sort | join(', '))
        ~ ": load it with `python -m include.olist load`, or let role " ~ target.role ~ " read it"
    ) %}
  {% endif %}
{% endmacro %}

{# Production is built only into a database that can be brought back: permanent, with time travel. #}
{% macro backup_check() %}
  {% if builds() and setting('backup') %}
    {% set shown = run_query("show databases like '" ~ plain(target.database) ~ "'") %}
    {% for row in shown.rows if row['name'] | upper == plain(target.database) | upper %}
      {% if 'TRANSIENT' in (row['options'] or '') | upper %}
        {% do exceptions.raise_compiler_error("database " ~ target.database ~ " is transient: production needs a permanent one") %}
      {% endif %}
      {% if (row['retention_time'] or '0') | int < 1 %}
        {% do exceptions.raise_compiler_error("database " ~ target.database ~ " keeps no history: alter database … set data_retention_time_in_days = 7") %}
      {% endif %}
      {% do log("backup: " ~ target.database ~ " is permanent and keeps " ~ row['retention_time'] ~ " days", info=true) %}
    {% else %}
      {% do exceptions.raise_compiler_error("database " ~ target.database ~ " is not shown to role " ~ target.role ~ ": its backup cannot be checked") %}
    {% endfor %}
  {% endif %}
{% endmacro %}

{# The start of the run is on record with what it was given: warehouse, role, threads, tag. #}
{% macro resource_allocation() %}
  {% if builds() %}
    {% do ensure_audit() %}
    {% do record('run', [[
        sql_text(invocation_id), "'started'", sql_text(target.name), sql_text(flags.WHICH), sql_text(target.user),
        "current_role()", "current_warehouse()", target.threads, sql_text(query_tag(none)), "null", "null", "null"
    ]]) %}
  {% endif %}
{% endmacro %}
