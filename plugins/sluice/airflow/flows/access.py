"""Access: the policy's roles, passes that end by themselves, the monthly review."""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.authoring import readable_specs
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, flow, parameters
from sluice.airflow.operators.access import (
    GRANT,
    HOLDERS,
    HOURS,
    REVOKE,
    ChangeAccessOperator,
    ProvisionRolesOperator,
    ReviewAccessOperator,
)
from sluice.domain.access.roles import Level
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE, LONGEST

MONTHLY = "0 6 1 * *"


def provision_roles_dag() -> DAG:
    """Return the DAG `provision_roles`."""
    with flow(
        "provision_roles",
        title="Access · Provision roles",
        description="Gives the account the roles of include/policies/access.yml",
        doc="""
### The roles of include/policies/access.yml

environment_admin, developer, analyst and finance_viewer as Snowflake roles, each with what the matrix says and no more.
Runs by itself after an environment was provisioned; again: no change.
""",
        params={},
        schedule=[ENVIRONMENTS],
        tags=["access"],
    ) as dag:
        ProvisionRolesOperator(task_id="apply", **RETRIES)
    return dag


def change_access_dag() -> DAG:
    """Return the DAG `change_access`."""
    with flow(
        "change_access",
        title="Access · Grant or revoke",
        description="Access to an environment that ends by itself",
        doc="""
### Access that ends by itself

Gives a user or a role an environment's role for readers or for writers, for so many hours, with a reason; the nightly
sweep revokes it when its time is over. Nobody is granted write access to production.
""",
        params={
            "what": forms.choice("What", "Give access, or take it back.", [GRANT, REVOKE], default=GRANT),
            "environment": forms.text(
                "Environment",
                f'One of include/environments, or what "sluice env list" prints, e.g. {EPHEMERAL_EXAMPLE}.',
                required=True,
                longest=LONGEST,
                suggested=list(readable_specs()),
            ),
            "to": forms.choice("To a", "What kind of name the next field is.", HOLDERS, default=HOLDERS[0]),
            "holder": forms.text("User or role", "Its name in Snowflake, e.g. ANN or BI.", required=True),
            "level": forms.choice(
                "Level", "For grant: how much.", list(Level), default=str(Level.READ), empty="none: for revoke"
            ),
            "hours": forms.whole("Hours", f"For grant: how long. Empty: {HOURS}.", default=HOURS),
            "reason": forms.reason(required=True),
        },
        tags=["access"],
    ) as dag:
        fields = parameters("what", "environment", "to", "holder", "level", "hours", "reason")
        ChangeAccessOperator(task_id="change", **fields, **RETRIES)
    return dag


def access_review_dag() -> DAG:
    """Return the DAG `access_review`."""
    with flow(
        "access_review",
        title="Access · Review",
        description="Who has what, since when, last used, every month",
        doc="""
### Access review

Every month: who has which of sluice's roles, since when, when it was last used, and what should be revoked. Kept as
JSON in the store (`reviews/`); `sluice access review` prints it. What the account's history does not tell is marked as
unknown.
""",
        params={},
        schedule=CronTriggerTimetable(MONTHLY, timezone="UTC"),
        tags=["access"],
    ) as dag:
        ReviewAccessOperator(task_id="review", **RETRIES)
    return dag
