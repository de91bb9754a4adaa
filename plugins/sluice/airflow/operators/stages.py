"""One task per stage: the operator names the stage, the stages room does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.assets import deployed
from sluice.airflow.operators.base import SluiceOperator
from sluice.domain.deployments import Deployment, Kind, StageReport
from sluice.errors import RefusedError, SluiceError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.stages.workspace import Workspace

StageFunction = Callable[["Workspace", Deployment, datetime], StageReport]


def stage_function(kind: Kind, stage: str) -> StageFunction:
    """Return the function of a stage; imported here, so that reading a DAG file imports neither dbt nor Snowflake."""
    match kind:
        case "promotion":
            from sluice.stages.promotion import STAGES
        case "refresh":
            from sluice.stages.refresh import STAGES
        case "rollback":
            from sluice.stages.rollback import STAGES
    return STAGES[stage]


class StageOperator(SluiceOperator):
    """One stage of a deployment is done; its report is in XCom, its outlets say which deployment arrived."""

    template_fields: Sequence[str] = ("deployment",)

    def __init__(self, *, stage: str, deployment: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.stage = stage
        self.deployment = deployment

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Do the stage for the deployment that was planned."""
        deployment = Deployment.from_json(self.deployment)
        known = workspace.including(deployment.environment)
        try:
            report = stage_function(deployment.kind, self.stage)(known, deployment, datetime.now(UTC))
        except SluiceError as error:
            refuse_suspended(known, deployment.environment, error)
            raise
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = deployed(deployment)
        return self.tell(report)


def refuse_suspended(workspace: Workspace, environment: str, error: SluiceError) -> None:
    """Raise the budget or the hours as the reason where they have stopped the environment that a stage failed in."""
    from sluice.stages.waiting import why_held

    try:
        why = why_held(workspace, environment)
    except SluiceError:  # the first error is the one to read
        return
    if why is not None:
        raise RefusedError(
            f"{why[0]}\n  meanwhile: {error.message}", where=f"environment {environment}", good=why[1]
        ) from error


class UndoOperator(StageOperator):
    """After a failure live is what it was, and the candidate is gone or kept as asked."""

    def __init__(self, *, recorded_by: str, **arguments: Any) -> None:
        super().__init__(stage="undo", **arguments)
        self.recorded_by = recorded_by

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Undo what the inverse plan in the journal says, if the deployment came that far."""
        if not context["ti"].xcom_pull(task_ids=self.recorded_by):
            raise AirflowSkipException("it failed before anything was recorded or changed: nothing to undo")
        return super().work(workspace, context)
