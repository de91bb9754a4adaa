"""sluice: environments, promotions, rollbacks and budgets for dbt projects on Snowflake, run by Airflow."""

__version__ = "0.1.0"
"""Also the version of the package: the build reads it here, so a bare plugins/ folder knows it too."""
