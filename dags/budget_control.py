"""Airflow DAG: stop, limit or start environments by hand, or let them cost more for a while."""

from sluice.airflow.flows import budget_control_dag

dag = budget_control_dag()
