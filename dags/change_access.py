"""Airflow DAG: give or take back access to an environment that ends by itself."""

from sluice.airflow.flows import change_access_dag

dag = change_access_dag()
