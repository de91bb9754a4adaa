"""Airflow DAG: extend, pin, resize, hand over or bring back an environment that comes and goes."""

from sluice.airflow.flows import change_environment_dag

dag = change_environment_dag()
