"""The first task of every flow: from a form's values to a deployment that the stages are keyed by."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.authoring import rendered, yes
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import required
from sluice.airflow.triggered_by import actor, by_asset, reason
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.operations.workspace import Workspace

DEPLOYMENT = "deployment"
"""XCom key of the planned deployment; the return value is the plan's report."""


class PlanOperator(SluiceOperator):
    """The deployment has an id, a release and a plan that people can read; nothing in the account has changed."""

    custom_operator_name = "Plan"
    template_fields: Sequence[str] = ("environment", "reason")

    def __init__(self, *, environment: str = "", reason: str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.reason = reason

    @abstractmethod
    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Return the deployment that the arguments ask for, and its plan."""

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
        from sluice.operations.budgets.admission import admitted
        from sluice.operations.policies import policy_files

        return admitted(workspace, deployment, report, policy_files().budgets(), workspace.now())


class PlanPromotion(PlanBuild):
    """Which release comes to this environment, and what changes by it, is known."""

    template_fields: Sequence[str] = (*PlanBuild.template_fields, "release", "full_refresh", "keep_candidate")

    def __init__(
        self,
        *,
        release: str | None = None,
        full_refresh: bool | str | None = None,
        keep_candidate: bool | str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.release = release
        self.full_refresh = full_refresh
        self.keep_candidate = keep_candidate

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the promotion that is asked for; no release named: the one that the upstream runs."""
        from sluice.operations.promotion.stages import plan

        return plan(
            workspace,
            rendered(self.environment),
            release=rendered(self.release) or None,
            full_refresh=yes(self.full_refresh, "full_refresh"),
            keep_candidate=yes(self.keep_candidate, "keep_candidate"),
            reason=reason(context, rendered(self.reason)),
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRefresh(PlanBuild):
    """The working project is a release in the making, and what its build changes is known."""

    template_fields: Sequence[str] = (*PlanBuild.template_fields, "full_refresh")

    def __init__(self, *, full_refresh: bool | str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.full_refresh = full_refresh

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the refresh that is asked for."""
        from sluice.operations.refresh.refresh import plan

        environment = required(rendered(self.environment) or None, "environment", EPHEMERAL_EXAMPLE)
        return plan(
            workspace.including(environment),
            environment,
            full_refresh=yes(self.full_refresh, "full_refresh"),
            reason=reason(context, rendered(self.reason)),
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRollback(PlanOperator):
    """Which retained deployment comes back, and what arrived since, is known."""

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "deployment")

    def __init__(self, *, deployment: str = "previous", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.deployment = deployment

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the rollback that is asked for."""
        from sluice.operations.rollback.rollback import plan

        return plan(
            workspace,
            required(rendered(self.environment) or None, "environment", "prod"),
            deployment=rendered(self.deployment) or "previous",
            reason=required(rendered(self.reason) or None, "reason", "the release has a wrong revenue"),
            actor=actor(context),
            now=datetime.now(UTC),
        )
