{{ config(warn_if='>0', error_if='>0') }}

select cohort_month, cohort_size, active_customers
from {{ ref('rpt_customer_cohorts') }}
where months_later = 0 and cohort_size <> active_customers
