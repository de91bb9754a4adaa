"""Airflow DAG: bring the account to what an environment's spec says."""

from sluice.airflow.flows import provision_dag

dag = provision_dag()
