"""The first task of every flow: from a form's values to a deployment that the stages are keyed by."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.actors import actor, by_asset
from sluice.airflow.operators.base import SluiceOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.deployments import Deployment, StageReport
    from sluice.stages.workspace import Workspace

DEPLOYMENT = "deployment"
"""XCom key of the planned deployment; the return value is the plan's report."""


class PlanOperator(SluiceOperator):
    """The deployment has an id, a release and a plan that people can read; nothing in the account has changed."""

    def __init__(self, *, environment: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.environment = environment

    @abstractmethod
    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Return the deployment that the run's parameters ask for, and its plan."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Plan, leave the deployment in XCom, and end early a run that assets triggered for what is live already."""
        deployment, report = self.planned(workspace, context)
        context["ti"].xcom_push(key=DEPLOYMENT, value=deployment.to_json())
        if report.facts.get("live_already") and by_asset(context) and not deployment.full_refresh:
            raise AirflowSkipException(f"release {deployment.release} is live in {deployment.environment} already")
        return self.tell(self.admitted(workspace, deployment, report))

    def admitted(self, workspace: Workspace, deployment: Deployment, report: StageReport) -> StageReport:
        """Return the report with what else has to be known before it begins; raise what must not begin."""
        del workspace, deployment
        return report


class PlanBuild(PlanOperator):
    """A plan of something that is built, and so costs."""

    def admitted(self, workspace: Workspace, deployment: Deployment, report: StageReport) -> StageReport:
        """Return the report with what the deployment will likely cost, or refuse what its budget has not left."""
        from sluice.stages.admission import admitted
        from sluice.stages.policies import policy_files

        return admitted(workspace, deployment, report, policy_files().budgets(), workspace.now())


class PlanPromotion(PlanBuild):
    """Which release comes to this environment, and what changes by it, is known."""

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the promotion that `release`, `full_refresh`, `keep_candidate` and `reason` ask for."""
        from sluice.stages.promotion import plan

        asked = context["params"]
        return plan(
            workspace,
            self.environment,
            release=asked.get("release") or None,
            full_refresh=bool(asked.get("full_refresh")),
            keep_candidate=bool(asked.get("keep_candidate")),
            reason=asked.get("reason") or "",
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRefresh(PlanBuild):
    """The working project is a release in the making, and what its build changes is known."""

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the refresh that `full_refresh` and `reason` ask for."""
        from sluice.stages.refresh import plan

        asked = context["params"]
        environment = self.environment or str(asked["environment"])
        return plan(
            workspace.including(environment),
            environment,
            full_refresh=bool(asked.get("full_refresh")),
            reason=asked.get("reason") or "",
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRollback(PlanOperator):
    """Which retained deployment comes back, and what arrived since, is known."""

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the rollback that `environment`, `deployment` and `reason` ask for."""
        from sluice.stages.rollback import plan

        asked = context["params"]
        return plan(
            workspace,
            asked.get("environment") or self.environment,
            deployment=asked.get("deployment") or "previous",
            reason=asked["reason"],
            actor=actor(context),
            now=datetime.now(UTC),
        )
