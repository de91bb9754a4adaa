"""The first task of every flow: from its arguments to a deployment that the stages are keyed by."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.authoring import PREVIOUS, at_run_time, refuse_no_deployment
from sluice.airflow.links import LINKS
from sluice.airflow.operators.arguments import required
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.triggered_by import actor, by_asset, reason
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE
from sluice.domain.releases.release import parse_release_id

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.operations.workspace import Workspace

DEPLOYMENT = "deployment"
"""XCom key of the planned deployment; the return value is the plan's report."""


class PlanDeploymentOperator(SluiceOperator):
    """A deployment has an id, a release and a plan that people can read; nothing in the account has changed.

    What all plans have in common. XCom has the plan's report (`stage`, `summary`, `facts`, `evidence`), and under the
    key `deployment` what the stages behind it take as their `deployment`.

    Args:
        environment: The name of an environment.
        reason: Why; kept in the journal and shown to approvers. Not given: the reason at the beginning of the chain of
            assets that triggered the run.
        **arguments: As for any operator: `task_id`, `retries` …
    """

    custom_operator_name = "Plan"
    template_fields: Sequence[str] = ("environment", "reason")
    operator_extra_links: Sequence[BaseOperatorLink] = LINKS
    planned_deployment: Deployment | None = None
    """The deployment, once it is planned."""

    def __init__(self, *, environment: str, reason: str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.reason = reason

    @abstractmethod
    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Return the deployment that the arguments ask for, and its plan."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Plan, leave the deployment in XCom, and end early a run that assets triggered for what is live already."""
        deployment, report = self.planned(workspace, context)
        self.planned_deployment = deployment
        context["ti"].xcom_push(key=DEPLOYMENT, value=deployment.to_json())
        if report.facts.get("live_already") and by_asset(context) and not deployment.full_refresh:
            raise AirflowSkipException(f"release {deployment.release} is live in {deployment.environment} already")
        return self.tell(self.admitted(workspace, deployment, report))

    def admitted(self, workspace: Workspace, deployment: Deployment, report: StageReport) -> StageReport:
        """Return the report with what else has to be known before it begins; raise what must not begin."""
        del workspace, deployment
        return report


class PlanBuildOperator(PlanDeploymentOperator):
    """A plan of something that is built, and so costs."""

    def admitted(self, workspace: Workspace, deployment: Deployment, report: StageReport) -> StageReport:
        """Return the report with what the deployment will likely cost, or refuse what its budget has not left."""
        from sluice.operations.budgets.admission import admitted
        from sluice.operations.policies import policy_files

        return admitted(workspace, deployment, report, policy_files().budgets(), workspace.now())


class PlanPromotionOperator(PlanBuildOperator):
    """Which release comes to an environment, and what changes by it, is known; nothing in the account has changed.

        PlanPromotionOperator(task_id="plan", environment="prod", reason="nightly")

    XCom has the plan's report, and under the key `deployment` what `RunStageOperator` takes as its `deployment`. A run
    that an asset triggered for a release that is live already is skipped.

    Args:
        environment: The name of a specified environment that has an upstream.
        reason: Why; kept in the journal and shown to approvers.
        release: A release's id; the upstream has to run it. Not given: the one that the upstream runs.
        full_refresh: Build every model from nothing. Not given: false.
        keep_candidate: Keep a candidate that did not pass, for inspection. Not given: as the spec says.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant; when the DAG file is read, if it is known then.
        RefusedError: the upstream does not run that release, or the budget has not as much left. Nothing has changed.
    """

    template_fields: Sequence[str] = (*PlanBuildOperator.template_fields, "release", "full_refresh", "keep_candidate")

    def __init__(
        self,
        *,
        environment: str,
        reason: str | None = None,
        release: str | None = None,
        full_refresh: bool | str | None = None,
        keep_candidate: bool | str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(environment=environment, reason=reason, **arguments)
        self.release = release
        self.full_refresh = full_refresh
        self.keep_candidate = keep_candidate
        self.refuse_wrong()

    def read(self) -> tuple[str, str | None]:
        """Return the environment and the release that is asked for."""
        given = self.arguments()
        release = given.text("release")
        given.switch("full_refresh")
        given.switch("keep_candidate")
        name = required(given.text("environment"), "environment", "prod")
        return name, parse_release_id(release) if release is not None else None

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the promotion that is asked for; no release named: the one that the upstream runs."""
        from sluice.operations.promotion.stages import plan

        given, (environment, release) = self.arguments(), self.read()
        return plan(
            workspace,
            environment,
            release=release,
            full_refresh=given.switch("full_refresh"),
            keep_candidate=given.switch("keep_candidate"),
            reason=reason(context, given.text("reason") or ""),
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRefreshOperator(PlanBuildOperator):
    """The working project is a release in the making, and what its build changes is known.

        PlanRefreshOperator(task_id="plan", environment="dev", reason="new data")

    XCom has the plan's report, and under the key `deployment` what `RunStageOperator` takes as its `deployment`.

    Args:
        environment: The name of an environment that is refreshed in place, or of an ephemeral one.
        reason: Why; kept in the journal.
        full_refresh: Build every model from nothing. Not given: false.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant; when the DAG file is read, if it is known then.
        RefusedError: the budget has not as much left. Nothing in the account has changed.
    """

    template_fields: Sequence[str] = (*PlanBuildOperator.template_fields, "full_refresh")

    def __init__(
        self,
        *,
        environment: str,
        reason: str | None = None,
        full_refresh: bool | str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(environment=environment, reason=reason, **arguments)
        self.full_refresh = full_refresh
        self.refuse_wrong()

    def read(self) -> tuple[str, bool]:
        """Return the environment, and whether all of it is built from nothing."""
        given = self.arguments()
        return (
            required(given.text("environment"), "environment", EPHEMERAL_EXAMPLE),
            given.switch("full_refresh"),
        )

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the refresh that is asked for."""
        from sluice.operations.refresh.refresh import plan

        environment, full_refresh = self.read()
        return plan(
            workspace.including(environment),
            environment,
            full_refresh=full_refresh,
            reason=reason(context, self.arguments().text("reason") or ""),
            actor=actor(context),
            now=datetime.now(UTC),
        )


class PlanRollbackOperator(PlanDeploymentOperator):
    """Which retained deployment becomes live again, and what arrived since, is known; nothing has changed.

        PlanRollbackOperator(task_id="plan", environment="prod", reason="the release has a wrong revenue")

    XCom has the plan's report, and under the key `deployment` what `RunStageOperator` takes as its `deployment`.

    Args:
        environment: The name of an environment that is promoted to.
        reason: Why; kept in the journal.
        deployment: A retained deployment's id, e.g. `d20261120t224901-1a2b3c`, or `previous`, the one before. Not
            given: `previous`.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, or a deployment that is not retained. Nothing has changed.
    """

    template_fields: Sequence[str] = (*PlanDeploymentOperator.template_fields, "deployment")

    def __init__(self, *, environment: str, reason: str, deployment: str | None = PREVIOUS, **arguments: Any) -> None:
        super().__init__(environment=environment, reason=reason, **arguments)
        self.deployment = deployment
        if not at_run_time(deployment):
            refuse_no_deployment(deployment or PREVIOUS)
        self.refuse_wrong()

    def read(self) -> tuple[str, str, str]:
        """Return the environment, the deployment and the reason."""
        given = self.arguments()
        return (
            required(given.text("environment"), "environment", "prod"),
            given.text("deployment") or PREVIOUS,
            required(given.text("reason"), "reason", "the release has a wrong revenue"),
        )

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Plan the rollback that is asked for."""
        from sluice.operations.rollback.rollback import plan

        environment, deployment, why = self.read()
        return plan(
            workspace,
            environment,
            deployment=deployment,
            reason=why,
            actor=actor(context),
            now=datetime.now(UTC),
        )
