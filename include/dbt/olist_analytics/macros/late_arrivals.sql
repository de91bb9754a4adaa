{# Where clause of an incremental model. Rows are found by when they were loaded, not by when they happened, so an order that
   changes months later is found. The watermark is moved back, because a build may run while a load is half visible: its
   other half has the same moment, or an earlier one. Rows that come twice replace themselves. #}
{% macro arrived_since(column='loaded_at') -%}
  {%- if is_incremental() %}
where {{ column }} >= (
    select coalesce(
        dateadd(hour, -{{ var('late_arrival_hours') }}, max({{ column }})), cast('1900-01-01' as timestamp_ntz)
    )
    from {{ this }}
)
  {%- endif %}
{%- endmacro %}
