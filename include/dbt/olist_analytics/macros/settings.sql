{# What differs by environment. A macro and not vars, because the query comment is made where vars of a project are not known. #}
{% macro shipped_settings() %}
  {{ return({
      'dev': {
          'row_limit': 50000, 'lookback_days': 365, 'flags': {'experimental': true},
          'sla_hours': 24, 'criticality': 'low', 'backup': false, 'notify': false,
      },
      'staging': {
          'row_limit': none, 'lookback_days': none, 'flags': {'experimental': false},
          'sla_hours': 4, 'criticality': 'medium', 'backup': false, 'notify': false,
      },
      'prod': {
          'row_limit': none, 'lookback_days': none, 'flags': {'experimental': false},
          'sla_hours': 1, 'criticality': 'critical', 'backup': true, 'notify': true,
      },
  }) }}
{% endmacro %}

{# A setting of this environment: from --vars, or as shipped for the target; an unknown target is like dev. #}
{% macro setting(name) %}
  {% set shipped = shipped_settings() %}
  {{ return(var(name, shipped.get(target.name, shipped['dev'])[name])) }}
{% endmacro %}

{% macro flag(name) %}
  {{ return((setting('flags') or {}).get(name, false)) }}
{% endmacro %}
