"""Environments that come and go: from a form's values to an environment, seen before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

from sluice.airflow.actors import actor
from sluice.airflow.operators.approval import ApproveDeployment
from sluice.airflow.operators.base import evidence_lines
from sluice.airflow.operators.plans import PlanOperator
from sluice.domain.gates import Verdict
from sluice.domain.names import deployment_id
from sluice.domain.naming import NEW

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.deployments import Deployment, StageReport
    from sluice.domain.gates import Evidence
    from sluice.domain.templates import Request
    from sluice.stages.workspace import Workspace


class PlanEnvironment(PlanOperator):
    """What provisioning would make, alter and grant is in the log and in XCom; nothing has changed."""

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan a new environment of the asked kind, or the repair of a standing one."""
        from sluice.domain.deployments import Deployment, StageReport
        from sluice.stages.admission import next_build
        from sluice.stages.creation import plan_create
        from sluice.stages.policies import policy_files
        from sluice.stages.provision import as_text, explain, plan_provision

        asked, now, who = context["params"], workspace.now(), actor(context)
        evidence: tuple[Evidence, ...] = ()
        if asked["environment"] == NEW:
            spec, plan = plan_create(workspace, asked["kind"], request(workspace, context), now)
            name, evidence = spec.name, next_build(workspace, spec, policy_files().budgets(), now)
        else:
            name = asked["environment"]
            plan = plan_provision(workspace, name, now)
        text = as_text(plan)
        self.log.info("%s", text)
        facts = {"name": name, "steps": [" ".join(text.split()) for text in text.splitlines()[1:]]}
        deployment = Deployment(
            id=deployment_id(now, context["ti"].run_id),
            environment=name,
            kind="provision",
            release="",
            reason=asked.get("reason") or "",
            actor=who,
        )
        return deployment, StageReport("plan", f"{name}: {len(explain(plan))} steps", facts, evidence)


class ApproveEnvironment(ApproveDeployment):
    """Where the template asks for it, a person other than who asks has said yes; elsewhere nobody is asked."""

    def execute(self, context: Context) -> Any:
        """Put the question with the plan, unless the kind needs no yes."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.stages.creation import template

        asked = context["params"]
        deployment, reports = self.asked()
        dear = [one for report in reports for one in report.evidence if one.verdict is not Verdict.PASS]
        chosen = template(airflow_workspace(), asked["kind"]) if asked["environment"] == NEW else None
        if chosen is None or not (chosen.approval or dear):
            self.log.info("no approval is asked for this environment")
            return None
        self.approvers = chosen.approvers
        self.subject = f"Make the {chosen.kind} environment {deployment.environment}?"
        self.body = f"**{deployment.actor}** asks: {deployment.reason or 'no reason given'}\n\n" + "\n".join(
            f"* {line}" for report in reports for line in (*evidence_lines(report.evidence), *_lines(report.facts))
        )
        self.assigned_users = [{"id": user, "name": user} for user in self.others(deployment)]
        return ApprovalOperator.execute(self, context)


def request(workspace: Workspace, context: Context) -> Request:
    """Return what the form asks for, its empty fields being what the template says.

    The name's date is the run's, so that a retry after midnight still means the same environment.
    """
    from sluice.domain.naming import EphemeralName
    from sluice.domain.templates import Request
    from sluice.errors import SpecError
    from sluice.stages.creation import template

    asked, who = context["params"], actor(context)
    day = (context["dag_run"].run_after or datetime.now(UTC)).astimezone(UTC).date()
    purpose = template(workspace, asked["kind"]).purpose
    owner = asked.get("owner") or who
    if asked.get("branch"):
        name = EphemeralName.from_branch(asked["branch"], purpose, owner, day)
    elif asked.get("feature"):
        name = EphemeralName.make(purpose, asked["feature"], owner, day)
    else:
        raise SpecError(
            "a new environment is named after a feature or a branch",
            where="feature",
            good="user segmentation",
            untouched="everything",
        )
    base = asked.get("base")
    return Request(
        name=name,
        owner=owner,
        team=asked.get("team") or "",
        reason=asked.get("reason") or "",
        base="" if base == "empty" else base,
        schemas=tuple(asked.get("schemas") or ()),
        at=datetime.fromisoformat(asked["at"]).astimezone(UTC) if asked.get("at") else None,
        hours=asked.get("hours"),
        daily_usd=Decimal(str(asked["daily_usd"])) if asked.get("daily_usd") else None,
        size=asked.get("size"),
    )


def _lines(facts: Mapping[str, object]) -> list[str]:
    found = facts.get("steps")
    return [str(line) for line in found] if isinstance(found, list) else []
