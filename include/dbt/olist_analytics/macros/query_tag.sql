{# Who, what and where, for cost attribution. Set for each model, and given back to the profile's own tag afterwards. #}
{% macro tag_facts(node) %}
  {% set named = node is not none and node is defined and node %}
  {% set facts = {
      'app': 'dbt',
      'user': env_var('DBT_USER', target.user),
      'environment': target.name,
      'pipeline': env_var('DBT_PIPELINE', project_name),
      'sla_hours': setting('sla_hours'),
      'criticality': setting('criticality'),
  } %}
  {# whoever started dbt has said more in the profile's tag, e.g. the deployment #}
  {% set given = fromjson(target.get('query_tag') or '{}', {}) %}
  {% do facts.update(given if given is mapping else {}) %}
  {% do facts.update({'model': node.name if named else 'hook', 'resource': (node.resource_type | string) if named else 'hook'}) %}
  {{ return(facts) }}
{% endmacro %}

{% macro query_tag(node) %}
  {{ return((tojson(tag_facts(node))[:2000]) | replace("\\", "\\\\") | replace("'", "''")) }}
{% endmacro %}

{% macro query_comment(node) %}
  {% set facts = tag_facts(node) %}
  {% do facts.update({'dbt': dbt_version, 'database': target.database, 'invocation': invocation_id}) %}
  {{ return(tojson(facts) | replace('*/', '')) }}
{% endmacro %}

{% macro set_query_tag() %}
  {% do run_query("alter session set query_tag = '" ~ query_tag(model) ~ "'") %}
  {{ return(target.get('query_tag') or '') }}
{% endmacro %}

{% macro unset_query_tag(original_query_tag) %}
  {% if original_query_tag %}
    {% do run_query("alter session set query_tag = '" ~ (original_query_tag | replace("\\", "\\\\") | replace("'", "''")) ~ "'") %}
  {% else %}
    {% do run_query("alter session unset query_tag") %}
  {% endif %}
{% endmacro %}
