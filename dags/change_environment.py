"""Airflow DAG: extend, pin, resize, hand over or bring back an ephemeral environment."""

from sluice.airflow.flows import change_environment_dag

dag = change_environment_dag()
