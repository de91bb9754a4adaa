"""Renewing an environment from its base: what the build after it will likely cost, a yes to that, and the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluice.airflow.operators.approval import AcceptCost
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import Form
from sluice.airflow.operators.lifecycle import caller, describe, named
from sluice.airflow.operators.plans import PlanOperator
from sluice.airflow.triggered_by import actor
from sluice.domain.names import deployment_id

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.operations.workspace import Workspace


class PlanRenewal(PlanOperator):
    """What building anew on its base's data will likely cost is known; nothing has changed.

    What has not the budget left for it fails here.
    """

    custom_operator_name = "Plan"

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Judge the build that follows, by those before it."""
        from sluice.domain.promotion.deployments import Deployment, StageReport
        from sluice.operations.budgets.admission import next_build
        from sluice.operations.policies import policy_files

        form = Form.of(context)
        (name, reason), now = named(form), workspace.now()
        spec = workspace.including(name).spec(name)
        deployment = Deployment(
            id=deployment_id(now, context["ti"].run_id),
            environment=spec.name,
            kind="refresh",
            release="",
            reason=reason,
            actor=actor(context),
        )
        base = spec.base.environment if spec.base else "nothing"
        kept = "its own changes carried over" if form.switch("keep") else "its own changes dropped"
        return deployment, StageReport(
            "plan", f"{spec.name} from {base}, {kept}", {}, next_build(workspace, spec, policy_files().budgets(), now)
        )


class AcceptRenewal(AcceptCost):
    """When the build after it may cost more than is left of the day's budget, an approver of its kind decides."""

    def execute(self, context: Context) -> Any:
        """Put the question to whom the kind's template names."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.ephemeral.creation import template

        deployment, _ = self.asked()
        work = airflow_workspace()
        spec = work.including(deployment.environment).spec(deployment.environment)
        self.approvers = template(work, str(spec.kind)).approvers
        return super().execute(context)


class RenewEnvironment(SluiceOperator):
    """The environment has its base's data of now, its own changes kept or dropped as the form says."""

    custom_operator_name = "Refresh environment"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Clone the base beside it, carry over what is kept, and exchange the names once."""
        from sluice.operations.ephemeral.reclone import reclone

        form = Form.of(context)
        name, reason = named(form)
        life = reclone(workspace, name, caller(workspace, context), reason=reason, keep=form.switch("keep"))
        return describe(life, f"refreshed from {life.spec.base.environment if life.spec.base else 'nothing'}")
