"""Airflow DAG: notice, set aside and drop environments that nobody needs any more, every night."""

from sluice.airflow.flows import sweep_dag

dag = sweep_dag()
