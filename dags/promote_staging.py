"""Airflow DAG: bring the release that the upstream environment runs to staging."""

from sluice.airflow.flows import promotion_dag

dag = promotion_dag("staging")
