"""Provisioning: the account is brought to what include/environments says."""

from __future__ import annotations

from airflow.sdk import DAG, chain

from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, flow, specs
from sluice.airflow.operators.provision import ExplainProvision, Provision


def provision_dag() -> DAG:
    """Return the DAG `provision_environment`."""
    with flow(
        "provision_environment",
        doc="""
### Provision an environment

Makes, or repairs, the database, warehouse, roles, users, grants and tags that `include/environments` says. Run again:
no change. `explain` shows the steps that `apply` is about to take; a failure half-way is finished by the next run.
""",
        params={"environment": forms.environment(list(specs()))},
        tags=["environments"],
    ) as dag:
        chain(ExplainProvision(task_id="explain", **RETRIES), Provision(task_id="apply", **RETRIES))
    return dag
