"""The stages of provisioning, promotion, refresh and rollback: the rooms snowflake and dbt, composed; no Airflow."""
