"""Airflow DAG: destroy an ephemeral environment."""

from sluice.airflow.flows import destroy_environment_dag

dag = destroy_environment_dag()
