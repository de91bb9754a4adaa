"""The whole product on one machine: an embedded Snowflake account, real Airflow processes, and the demo."""
