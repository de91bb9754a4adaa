"""Provisioning: the account is brought to what include/environments says."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, flow, specs
from sluice.airflow.operators.environments import ApproveEnvironment, PlanEnvironment
from sluice.airflow.operators.plans import DEPLOYMENT
from sluice.airflow.operators.provision import Provision
from sluice.domain.names import WRITTEN_NAME
from sluice.domain.naming import NEW

SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE")
KINDS = ("feature", "testing", "sandbox")
WAITING = {"retries": 30, "retry_delay": timedelta(minutes=1)}
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
        params={"environment": forms.environment([*standing, NEW]), **_new(standing)},
        tags=["environments"],
    ) as dag:
        explain = PlanEnvironment(task_id="explain", **RETRIES)
        approve = ApproveEnvironment(task_id="approve", deployment=explain.output[DEPLOYMENT], reports=[explain.output])
        chain(explain, approve, Provision(task_id="apply", outlets=[ENVIRONMENTS], **WAITING))
    return dag


def _new(standing: list[str]) -> dict[str, Param]:
    """The wishes for a new environment; what is left empty is as the template says."""
    section = "A new one"
    return {
        "kind": Param("feature", type="string", enum=list(KINDS), title="Kind", section=section),
        "feature": _text("Feature", "What it is for, e.g. user segmentation: becomes part of its name.", 120, section),
        "branch": _text("Branch", "A git branch to name it after, instead of a feature.", 200, section),
        "owner": _text("Owner", "Whose it is; empty: who triggers this.", 60, section),
        "team": _text("Team", "Whose budget it counts against (include/policies/prices.yml).", 60, section),
        "base": Param(
            None,
            type=["null", "string"],
            enum=[None, *standing, "empty"],
            title="Base",
            description="Whose live database is cloned, without copying; empty: as the template says.",
            section=section,
        ),
        "schemas": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "pattern": f"^({WRITTEN_NAME.pattern})$"},
            title="Schemas",
            description="Only these schemas of the base; none: all.",
            section=section,
        ),
        "at": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="As at",
            description="The base as it was at this moment, within its retention; empty: now.",
            section=section,
        ),
        "hours": Param(None, type=["null", "integer"], minimum=1, title="Hours to live", section=section),
        "daily_usd": Param(None, type=["null", "number"], exclusiveMinimum=0, title="USD a day", section=section),
        "size": Param(None, type=["null", "string"], enum=[None, *SIZES], title="Warehouse size", section=section),
        "reason": _text("Reason", "Kept in the journal and shown to approvers.", 500, section),
    }


def _text(title: str, description: str, longest: int, section: str) -> Param:
    return Param("", type="string", maxLength=longest, title=title, description=description, section=section)
