"""sluice: environments, promotions, rollbacks and budgets for dbt projects on Snowflake, run by Airflow."""
