"""Airflow DAGs of the environments in include/environments: `promote_<name>` or `refresh_<name>` for each."""

from sluice.airflow.flows import environment_dags

globals().update(environment_dags())
