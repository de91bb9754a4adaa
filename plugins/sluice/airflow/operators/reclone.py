"""Cloning an environment anew from its base: what building on it will cost, approval of that, and the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sluice.airflow.operators.approval import ApproveCostOperator
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.lifecycle import describe, named
from sluice.airflow.operators.plans import PlanDeploymentOperator
from sluice.airflow.triggered_by import actor, caller
from sluice.domain.names import deployment_id

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.operations.workspace import Workspace


class PlanRecloneOperator(PlanDeploymentOperator):
    """What building on the base's data of now will likely cost is known; nothing has changed.

        PlanRecloneOperator(task_id="plan", environment="dev_user_segmentation_john_20231201", reason="data of May")

    XCom has the plan's report, and under the key `deployment` what `ApproveRecloneOperator` takes as its `deployment`.

    Args:
        environment: The name of an ephemeral environment.
        reason: Why; kept in the journal.
        keep: Its own changes will be carried over. Not given: false.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, or no such environment.
        RefusedError: the budget has not as much left as the build may cost.
    """

    template_fields: Sequence[str] = (*PlanDeploymentOperator.template_fields, "keep")

    def __init__(self, *, environment: str, reason: str, keep: bool | str | None = None, **arguments: Any) -> None:
        super().__init__(environment=environment, reason=reason, **arguments)
        self.keep = keep
        self.refuse_wrong()

    def read(self) -> tuple[str, str, bool]:
        """Return the environment, the reason, and whether its own changes are kept."""
        given = self.arguments()
        return (*named(given), given.switch("keep"))

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Judge the build that follows, by those before it."""
        from sluice.domain.promotion.deployments import Deployment, StageReport
        from sluice.operations.budgets.admission import next_build
        from sluice.operations.policies import policy_files

        (name, reason, keep), now = self.read(), workspace.now()
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
        own = "its own changes carried over" if keep else "its own changes dropped"
        return deployment, StageReport(
            "plan", f"{spec.name} from {base}, {own}", {}, next_build(workspace, spec, policy_files().budgets(), now)
        )


class ApproveRecloneOperator(ApproveCostOperator):
    """Where the build after it may cost more than is left of the day's budget, an approver of its kind has approved.

        ApproveRecloneOperator(task_id="approve", deployment=plan.output["deployment"], reports=[plan.output])

    Elsewhere nobody is asked.

    Args:
        deployment: The deployment that `PlanRecloneOperator` has left in XCom under the key `deployment`.
        reports: The report of that task, in a list.
        approvers: Airflow user ids. Not given: those of the kind's template.
        **arguments: As for Airflow's `ApprovalOperator`: `task_id`, `response_timeout`, `notifiers` …
    """

    def execute(self, context: Context) -> Any:
        """Put the question to whom the kind's template names."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.ephemeral.creation import template

        deployment, _ = self.given()
        work = airflow_workspace()
        spec = work.including(deployment.environment).spec(deployment.environment)
        self.approvers = self.approvers or template(work, str(spec.kind)).approvers
        return super().execute(context)


class RecloneEnvironmentOperator(SluiceOperator):
    """An ephemeral environment has its base's data of now, its own changes kept or dropped.

        RecloneEnvironmentOperator(
            task_id="reclone", environment="dev_user_segmentation_john_20231201", keep=True, reason="data of May"
        )

    A clone is made beside the environment and takes its name in one exchange: readers see the former data or the new.
    XCom has `environment`, `what`, `summary`, `owner`, `expires` and `pinned`.

    Args:
        environment: The name of an ephemeral environment.
        reason: Why; kept in the journal.
        keep: Carry over what was made or changed in it. Not given: false.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, or no such environment.
        RetryError: the base is being promoted: Airflow's retries wait for it. The environment is as it was.
    """

    custom_operator_name = "Re-clone environment"
    template_fields: Sequence[str] = ("environment", "keep", "reason")

    def __init__(self, *, environment: str, reason: str, keep: bool | str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.keep = keep
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> tuple[str, str, bool]:
        """Return the environment, the reason, and whether its own changes are kept."""
        given = self.arguments()
        return (*named(given), given.switch("keep"))

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Clone the base beside it, carry over what is kept, and exchange the names once."""
        from sluice.operations.ephemeral.reclone import reclone

        name, reason, keep = self.read()
        cloned = reclone(workspace, name, caller(workspace, context), reason=reason, keep=keep)
        return describe(cloned, f"cloned anew from {cloned.spec.base.environment if cloned.spec.base else 'nothing'}")
