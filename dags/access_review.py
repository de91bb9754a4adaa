"""Airflow DAG: who has what, since when, last used, every month."""

from sluice.airflow.flows import access_review_dag

dag = access_review_dag()
