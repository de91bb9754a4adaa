{# The sum of a column equals the sum of a column elsewhere, to the cent. #}
{% test same_total(model, column_name, to, field, condition='true') %}
with here as (

    select coalesce(sum({{ column_name }}), 0) as total from {{ model }} where {{ condition }}

),

there as (

    select coalesce(sum({{ field }}), 0) as total from {{ to }}

)

select here.total as here_total, there.total as there_total
from here
cross join there
where here.total <> there.total
{% endtest %}
