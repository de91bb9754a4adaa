"""Airflow DAG: give the account the roles of include/policies/access.yml."""

from sluice.airflow.flows import provision_roles_dag

dag = provision_roles_dag()
