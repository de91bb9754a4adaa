"""Airflow DAG: bring the release that the upstream environment runs to prod."""

from sluice.airflow.flows import promotion_dag

dag = promotion_dag("prod")
