"""Airflow DAG: build the working dbt project in dev and keep it as a release."""

from sluice.airflow.flows import refresh_dag

dag = refresh_dag("dev")
