"""Airflow DAG: destroy an environment that comes and goes."""

from sluice.airflow.flows import destroy_environment_dag

dag = destroy_environment_dag()
