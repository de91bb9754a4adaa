"""Airflow DAG: make a retained deployment live again."""

from sluice.airflow.flows import rollback_dag

dag = rollback_dag()
