"""Environments that come and go: from a form's values to an environment, seen before it is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sluice.airflow.approval_page import Question, about_environment
from sluice.airflow.operators.approval import ApproveDeployment
from sluice.airflow.operators.form import Form, required
from sluice.airflow.operators.plans import PlanOperator
from sluice.airflow.triggered_by import actor
from sluice.domain.ephemeral.ephemeral_name import NEW
from sluice.domain.names import deployment_id
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.promotion.promotion_plan import moment

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.ephemeral.templates import Request
    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.domain.promotion.evidence import Evidence
    from sluice.domain.specs.environment import EnvironmentSpec
    from sluice.operations.workspace import Workspace

EMPTY = "empty"
"""The base of an environment that is a clone of nothing."""
WISHES = ("feature", "branch", "owner", "team", "base", "schemas", "at", "hours", "daily_usd", "size")
"""The fields of a new environment; its kind is filled in from the beginning."""


class PlanEnvironment(PlanOperator):
    """What provisioning would make, alter and grant is in the log and in XCom; nothing has changed."""

    custom_operator_name = "Explain"

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan a new environment of the asked kind, or the repair of a standing one."""
        from sluice.domain.promotion.deployments import Deployment, StageReport
        from sluice.operations.budgets.admission import next_build
        from sluice.operations.ephemeral.creation import plan_create
        from sluice.operations.policies import policy_files
        from sluice.operations.provisioning.provision import as_text, explain, plan_provision

        form = Form.of(context)
        name, kind = wanted(form)
        now, who = workspace.now(), actor(context)
        evidence: tuple[Evidence, ...] = ()
        if kind is not None:
            spec, plan = plan_create(workspace, kind, request(workspace, kind, context), now)
            name, evidence = spec.name, next_build(workspace, spec, policy_files().budgets(), now)
        else:
            plan = plan_provision(workspace, name, now)
        text = as_text(plan)
        self.log.info("%s", text)
        steps = [" ".join(line.split()) for line in text.splitlines()[1:]]
        facts: dict[str, object] = {"name": name, "counts": {"steps": len(steps)}, "steps": steps}
        if kind is not None:
            facts |= _described(spec)
        deployment = Deployment(
            id=deployment_id(now, context["ti"].run_id),
            environment=name,
            kind="provision",
            release="",
            reason=form.text("reason") or "",
            actor=who,
        )
        return deployment, StageReport("plan", f"{name}: {len(explain(plan))} steps", facts, evidence)


class ApproveEnvironment(ApproveDeployment):
    """Where the template asks for it, a person other than who asks has said yes; elsewhere nobody is asked."""

    custom_operator_name = "Ask for approval"

    def execute(self, context: Context) -> Any:
        """Put the question with the plan, unless the kind needs no yes."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.ephemeral.creation import template

        _, kind = wanted(Form.of(context))
        _, reports = self.asked()
        dear = [each for report in reports for each in report.evidence if each.verdict is not Verdict.PASS]
        chosen = template(airflow_workspace(), kind) if kind is not None else None
        if chosen is None or not (chosen.approval or dear):
            self.log.info("no approval is asked for this environment")
            return None
        self.approvers = chosen.approvers
        return super().execute(context)

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question whether the environment may be made."""
        return about_environment(deployment, reports[0], approvers)


def request(workspace: Workspace, kind: str, context: Context) -> Request:
    """Return what the form asks for of an environment of this kind, its empty fields being what the template says.

    The name's date is the run's, so that a retry after midnight still means the same environment.
    """
    from sluice.domain.ephemeral.ephemeral_name import EphemeralName
    from sluice.domain.ephemeral.templates import Request
    from sluice.errors import SpecError
    from sluice.operations.ephemeral.creation import template

    form, who = Form.of(context), actor(context)
    day = (context["dag_run"].run_after or datetime.now(UTC)).astimezone(UTC).date()
    purpose = template(workspace, kind).purpose
    owner, base = form.text("owner") or who, form.text("base")
    feature, branch = form.text("feature"), form.text("branch")
    if feature and branch:
        raise SpecError(
            "a new environment is named after a feature or after a branch, and both are given",
            where="feature, branch",
            value=[feature, branch],
            good="one of them, the other empty",
            untouched="everything",
        )
    if branch:
        name = EphemeralName.from_branch(branch, purpose, owner, day)
    else:
        feature = required(feature, "feature", "user segmentation; or a branch", choice=NEW)
        name = EphemeralName.make(purpose, feature, owner, day)
    return Request(
        name=name,
        owner=owner,
        team=form.text("team") or "",
        reason=form.text("reason") or "",
        base="" if base == EMPTY else base,
        schemas=form.lines("schemas"),
        at=form.moment("at"),
        hours=form.whole("hours"),
        daily_usd=form.number("daily_usd"),
        size=form.text("size"),
    )


def _described(spec: EnvironmentSpec) -> dict[str, object]:
    """What an approver wants to know of a new environment, in words."""
    base = "an empty database"
    if spec.base is not None:
        of = ", ".join(str(schema) for schema in spec.base.schemas) or "all schemas"
        base = f"a zero-copy clone of {spec.base.database} ({spec.base.environment}), {of}"
    ends = spec.tags.get("EXPIRES")
    until = f", until {moment(datetime.fromisoformat(ends))}" if ends else ""
    return {
        "kind": str(spec.kind),
        "owner": spec.tags.get("OWNER", ""),
        "base": base,
        "size": f"{spec.warehouse.name}, {spec.warehouse.size}",
        "budget": f"USD {spec.budget.daily_usd} a day{until}",
    }


def wanted(form: Form) -> tuple[str, str | None]:
    """Return which environment is asked for, and of which kind where it is a new one; None: it stands for good.

    Fields of a new one beside the name of another are refused: somebody meant something else than they chose.
    """
    environment = required(form.text("environment"), "environment", f"dev, or {NEW}")
    form.only(environment, dict.fromkeys(WISHES, NEW))
    if environment != NEW:
        return environment, None
    return environment, required(form.text("kind"), "kind", "feature", choice=NEW)
