"""Airflow DAG: give an environment that comes and goes its base's data of now."""

from sluice.airflow.flows import refresh_environment_dag

dag = refresh_environment_dag()
