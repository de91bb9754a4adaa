"""Building the working dbt project in place."""
