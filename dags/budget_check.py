"""Airflow DAG: what every environment costs, and what its budget asks for, every five minutes."""

from sluice.airflow.flows import budget_check_dag

dag = budget_check_dag()
