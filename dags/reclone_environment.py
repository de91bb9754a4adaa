"""Airflow DAG: give an ephemeral environment its base's data of now."""

from sluice.airflow.flows import reclone_environment_dag

dag = reclone_environment_dag()
