"""Airflow DAG: build the working dbt project in an ephemeral environment."""

from sluice.airflow.flows import build_environment_dag

dag = build_environment_dag()
