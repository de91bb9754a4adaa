"""Provisioning: the account is brought to what include/environments says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, chain

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, deployment_of, flow, parameters, specs
from sluice.airflow.operators.provision import (
    EMPTY,
    ApproveEnvironmentOperator,
    PlanEnvironmentOperator,
    ProvisionEnvironmentOperator,
)
from sluice.domain.ephemeral.ephemeral_name import NEW
from sluice.domain.names import WRITTEN_NAME
from sluice.domain.specs.blocks import Kind
from sluice.operations.policies import policy_files

WAITING: dict[str, Any] = {"retries": 30, "retry_delay": timedelta(minutes=1)}
"""A base that is being promoted is waited for, half an hour; whoever holds it is named in the log."""


def provision_dag() -> DAG:
    """Return the DAG `provision_environment`."""
    standing = list(specs())
    with flow(
        "provision_environment",
        title="Environment · Provision",
        description="Makes or repairs an environment, or makes a new one from a template",
        doc="""
### Provision an environment

Makes, or repairs, the database, warehouse, roles, users, grants and tags of an environment. Run again: no change.

* **A standing one** (`include/environments`): what its file says.
* **A new one**, named after a feature or a branch, from a template (`include/environments/templates`): a zero-copy
  clone of its base, a warehouse and a resource monitor of its own, a role, tags, a day on which it ends.

`explain` shows the steps that `apply` is about to take; where the template asks for it, somebody else approves. A
failure half-way is finished by the next run.
""",
        params={
            "environment": forms.environment(
                [*standing, NEW],
                description=f'One of include/environments; or "{NEW}", which the section below describes.',
            ),
            "reason": forms.reason(),
            **_new(standing),
        },
        tags=["environments"],
    ) as dag:
        fields = parameters(
            "environment", "kind", "feature", "branch", "team", "base", "schemas", "at", "hours", "daily_usd", "size",
            "reason", environment_owner="owner",
        )  # fmt: skip
        explain = PlanEnvironmentOperator(task_id="explain", **fields, **RETRIES)
        approve = ApproveEnvironmentOperator(
            task_id="approve", deployment=deployment_of(explain), reports=[explain.output]
        )
        apply = ProvisionEnvironmentOperator(task_id="apply", **fields, outlets=[ENVIRONMENTS], **WAITING)
        chain(explain, approve, apply)
    return dag


def _new(standing: list[str]) -> dict[str, Param]:
    """The wishes for a new environment; what is left empty is as the template says."""
    section = "A new one"
    kinds = [str(kind) for kind in Kind if not kind.standing]
    return {
        "kind": forms.choice(
            "Kind",
            "Which template it is made from.",
            kinds,
            default=kinds[0],
            empty="none: not a new one",
            section=section,
        ),
        "feature": forms.text(
            "Feature",
            "What it is for, e.g. user segmentation: becomes part of its name. A new one needs a feature or a branch.",
            longest=120,
            section=section,
        ),
        "branch": forms.text(
            "Branch", "A git branch to name it after, instead of a feature.", longest=200, section=section
        ),
        "owner": forms.text("Owner", "Whose it is. Empty: who triggers this.", longest=60, section=section),
        "team": forms.text(
            "Team",
            "Whose budget it counts against (include/policies/prices.yml). Empty: no team's.",
            longest=60,
            suggested=sorted(policy_files().prices().teams),
            section=section,
        ),
        "base": forms.choice(
            "Base",
            "Whose live database is cloned, without copying.",
            [*standing, EMPTY],
            empty="as the template says",
            shown={EMPTY: "none: an empty database"},
            section=section,
        ),
        "schemas": forms.texts(
            "Schemas",
            "Only these schemas of the base, one a line. Empty: all.",
            pattern=forms.pattern_of(WRITTEN_NAME),
            section=section,
        ),
        "at": forms.moment(
            "As at", "The base as it was at this moment, within its retention. Empty: as it is now.", section=section
        ),
        "hours": forms.whole("Hours to live", "Empty: as the template says.", section=section),
        "daily_usd": forms.dollars("USD a day", "Its budget. Empty: as the template says.", section=section),
        "size": forms.size("Warehouse size", "Of its warehouse.", empty="as the template says", section=section),
    }
