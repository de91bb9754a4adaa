{# A view keeps `database.schema.table` as written, so after a swap it would read the other database. Without the database
   it reads its own. Arguments of every form of ref are forwarded; source() and models that are configured into another
   database keep their three parts. #}
{% macro ref() %}
  {% set relation = builtins.ref(*varargs, **kwargs) %}
  {% if relation.is_cte or relation.database is none or relation.database | upper != target.database | replace('"', '') | upper %}
    {{ return(relation) }}
  {% endif %}
  {{ return(relation.include(database=false)) }}
{% endmacro %}
