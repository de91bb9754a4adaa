"""Changing and destroying ephemeral environments."""

from __future__ import annotations

from airflow.sdk import DAG, chain

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, deployment_of, flow, gate, parameters
from sluice.airflow.flows.provision import WAITING
from sluice.airflow.operators.lifecycle import CHANGES, ChangeEnvironmentOperator, DestroyEnvironmentOperator
from sluice.airflow.operators.reclone import ApproveRecloneOperator, PlanRecloneOperator, RecloneEnvironmentOperator
from sluice.domain.ephemeral.ephemeral_name import LONGEST


def change_environment_dag() -> DAG:
    """Return the DAG `change_environment`."""
    with flow(
        "change_environment",
        title="Environment · Change",
        description="Extends, pins, resizes, hands over or brings back an ephemeral environment",
        doc="""
### Change an ephemeral environment

* **extend**: so many hours more, up to its kind's maximum · **pin**, **unpin**: no sweep takes it while it is pinned
* **resize**, **budget**: its warehouse, its dollars a day and with them its resource monitor
* **transfer**: to another owner · **undo**: back from quarantine, or from a drop while Snowflake keeps it

Extending or pinning answers a notice: nothing is removed then. `sluice env list` shows what there is.
""",
        params={
            "environment": forms.ephemeral(),
            "what": forms.choice("What", "What to do with it.", CHANGES, default=CHANGES[0]),
            "hours": forms.whole("Hours", "For extend: so many more. Empty: as many as its kind begins with."),
            "size": forms.size("Size", "For resize: of its warehouse.", empty="not resized"),
            "daily_usd": forms.dollars("USD a day", "For budget: its new budget."),
            "owner": forms.text("Owner", "For transfer: the new owner.", longest=60),
            "reason": forms.reason(required=True),
        },
        tags=["environments"],
    ) as dag:
        fields = parameters("environment", "what", "hours", "size", "daily_usd", "reason", new_owner="owner")
        ChangeEnvironmentOperator(task_id="change", **fields, outlets=[ENVIRONMENTS], **RETRIES)
    return dag


def reclone_environment_dag() -> DAG:
    """Return the DAG `reclone_environment`."""
    with flow(
        "reclone_environment",
        title="Environment · Re-clone from its base",
        description="Re-clones an ephemeral environment from its base and swaps",
        doc="""
### Re-clone an environment from its base

A fresh zero-copy clone of the base is made beside the environment and takes its name in one exchange: whoever reads in
it sees the former data or the new. What was made or changed in it since its clone is dropped, or, with *keep*, carried
over. The former data can be undropped while its retention lasts. A base that is being promoted is waited for.

`plan` says what building on it will likely cost; beyond what is left of the day's budget it is refused, or asked about.
""",
        params={
            "environment": forms.ephemeral(),
            "keep": forms.switch("Keep own changes", "Carry over what was made or changed in it."),
            "reason": forms.reason(required=True),
        },
        tags=["environments"],
    ) as dag:
        fields = parameters("environment", "keep", "reason")
        plan = PlanRecloneOperator(task_id="plan", **fields, **RETRIES)
        accept = ApproveRecloneOperator(task_id="accept_cost", deployment=deployment_of(plan), reports=[plan.output])
        reclone = RecloneEnvironmentOperator(task_id="refresh", **fields, outlets=[ENVIRONMENTS], **WAITING)
        chain(gate(), plan, accept, reclone)
    return dag


def destroy_environment_dag() -> DAG:
    """Return the DAG `destroy_environment`."""
    with flow(
        "destroy_environment",
        title="Environment · Destroy",
        description="Destroys an ephemeral environment",
        doc="""
### Destroy an ephemeral environment

Its name as the confirmation; a pipeline may force a testing environment of its own. Only what bears the environment's
marker is dropped; a pinned one is not. `change_environment` with *undo* brings it back while Snowflake keeps it.
""",
        params={
            "environment": forms.ephemeral(),
            "confirmation": forms.text(
                "Confirmation", "The environment's name once more. May be empty with Force only.", longest=LONGEST
            ),
            "force": forms.switch("Force", "Without confirmation: testing environments only."),
            "reason": forms.reason(required=True),
        },
        tags=["environments"],
    ) as dag:
        fields = parameters("environment", "confirmation", "force", "reason")
        DestroyEnvironmentOperator(task_id="destroy", **fields, outlets=[ENVIRONMENTS], **RETRIES)
    return dag
