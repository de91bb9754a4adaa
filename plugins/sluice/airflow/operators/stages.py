"""One task per stage: the operator names the stage, the stages layer does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from sluice.airflow.assets import deployed
from sluice.airflow.links import LINKS
from sluice.airflow.operators.base import SluiceOperator
from sluice.domain.promotion.deployments import Deployment, Kind, StageReport
from sluice.errors import RefusedError, SluiceError, SpecError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from sluice.operations.workspace import Workspace

StageFunction = Callable[["Workspace", Deployment, datetime], StageReport]

STAGES = (
    "lock", "scale_up", "check_source", "check_target", "record_undo", "clone", "build", "judge", "cut_over", "verify",
    "settle", "build_in_place", "register", "undo", "scale_down", "unlock",
)  # fmt: skip
"""The stages of promotions, refreshes and rollbacks."""
_NOT_RUN = {None, "skipped", "upstream_failed", "removed"}
"""States of a task that never began in this run."""


def stage_function(kind: Kind, stage: str) -> StageFunction:
    """Return the function of a stage; imported here, so that reading a DAG file imports neither dbt nor Snowflake."""
    match kind:
        case "promotion":
            from sluice.operations.promotion.stages import STAGES
        case "refresh":
            from sluice.operations.refresh.refresh import STAGES
        case "rollback":
            from sluice.operations.rollback.rollback import STAGES
        case "provision":
            raise _no_stage(stage, ())
    if stage not in STAGES:
        raise _no_stage(stage, STAGES)
    return STAGES[stage]


def _no_stage(stage: str, stages: Iterable[str]) -> SpecError:
    good = ", ".join(stages) or "a stage of a promotion, a refresh or a rollback"
    return SpecError("there is no such stage", where="stage", value=stage, good=good, untouched="everything")


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a task has left in XCom, as the value of a template field, without an edge to that task in the graph.

    The order of the tasks is said by the flow; an edge from `plan` to each of them would only hide it.
    """

    task_id: str
    key: str = "return_value"

    def __call__(self, context: Context, jinja_env: object) -> Any:
        """Return the value, once a task runs; None where there is none."""
        del jinja_env
        return context["ti"].xcom_pull(task_ids=self.task_id, key=self.key)

    def serialize(self) -> str:
        """Return it as people know it: what Airflow shows, and compares between two readings of the file."""
        return f"{{{{ ti.xcom_pull(task_ids='{self.task_id}', key='{self.key}') }}}}"


class RunStageOperator(SluiceOperator):
    """One stage of a deployment is done; its report is in XCom, its outlets say which deployment arrived.

        RunStageOperator(task_id="clone", stage="clone", deployment=plan.output["deployment"])

    The groups `promotion`, `refresh` and `rollback` put the stages in their order, with what undoes them; made one by
    one, the order is yours: a stage refuses to run before what it needs. XCom has `stage`, `summary`, `facts` and
    `evidence`; where a gate says no, its `evidence` is under that key.

    Args:
        stage: The name of the stage, e.g. `lock`, `clone`, `build`, `judge`, `cut_over`; the list of tasks shows it as
            the operator.
        deployment: What a plan has left in XCom under the key `deployment`.
        **arguments: As for any operator: `task_id`, `outlets`, `retries` …

    Raises:
        SpecError: no such stage, when the DAG file is read; of another kind of deployment, when the task runs.
        RefusedError: a gate says no. Live is as it was.
        RetryError: the environment is locked, or the account is busy: Airflow's retries wait for it.
    """

    template_fields: Sequence[str] = ("deployment",)
    operator_extra_links: Sequence[BaseOperatorLink] = LINKS

    def __init__(self, *, stage: str, deployment: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        if stage not in STAGES:
            raise _no_stage(stage, STAGES)
        self.stage = stage
        self.deployment = deployment
        self.custom_operator_name = stage.replace("_", " ").capitalize()

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Do the stage for the deployment that was planned."""
        deployment = Deployment.from_json(self.deployment)
        known = workspace.including(deployment.environment)
        try:
            report = self.stage_done(known, deployment, context)
        except SluiceError as error:
            refuse_suspended(known, deployment.environment, error)
            raise
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = dict(deployed(deployment))
        return self.tell(report)

    def stage_done(self, workspace: Workspace, deployment: Deployment, context: Context) -> StageReport:
        """Return the stage's report once it is done."""
        del context
        return stage_function(deployment.kind, self.stage)(workspace, deployment, datetime.now(UTC))


def refuse_suspended(workspace: Workspace, environment: str, error: SluiceError) -> None:
    """Raise the budget or the hours as the reason where they have stopped the environment that a stage failed in."""
    from sluice.operations.conditions import why_held

    try:
        why = why_held(workspace, environment)
    except SluiceError:  # the first error is the one to read
        return
    if why is not None:
        raise RefusedError(
            f"{why[0]}\n  meanwhile: {error.message}", where=f"environment {environment}", good=why[1]
        ) from error


class UndoDeploymentOperator(RunStageOperator):
    """Unless the deployment settled, live is what it was before, and the candidate is gone or kept as asked.

        undo = UndoDeploymentOperator(
            task_id="undo", deployment=plan.output["deployment"], recorded_by="record_undo", settled_by="settle"
        ).as_teardown(setups=lock)

    A teardown: it runs however its flow ends, also when somebody marks the run as failed, and decides from the journal
    and the markers whether there is anything to undo. Where there is not, it says so and has succeeded.

    Args:
        deployment: What a plan has left in XCom under the key `deployment`.
        recorded_by: The id of the task of the stage `record_undo`.
        settled_by: The id of the task of the stage `settle`.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        StopError: the account is not as the journal says: a person has to look. Nothing was changed.
    """

    def __init__(self, *, deployment: Any, recorded_by: str, settled_by: str, **arguments: Any) -> None:
        super().__init__(stage="undo", deployment=deployment, **arguments)
        self.recorded_by = recorded_by
        self.settled_by = settled_by

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Undo what the inverse plan in the journal says, if the deployment came that far."""
        if not context["ti"].xcom_pull(task_ids=self.recorded_by):
            return self.tell(StageReport("undo", "nothing was recorded, so nothing was changed: nothing to undo"))
        return super().work(workspace, context)

    def stage_done(self, workspace: Workspace, deployment: Deployment, context: Context) -> StageReport:
        """Return the report of what was undone.

        A deployment that is verified stays live where `settle` failed. Where `settle` was never begun because somebody
        stopped the run, even a verified one is swapped back.
        """
        from sluice.operations.promotion.undo import undo

        settle = states(context, self.settled_by)[self.settled_by]
        return undo(workspace, deployment, datetime.now(UTC), keep_verified=settle != "skipped")


class UnlockEnvironmentOperator(RunStageOperator):
    """The environment's lock is released; where somebody has stopped the run, it says so by failing.

        UnlockEnvironmentOperator(
            task_id="unlock", deployment=plan.output["deployment"], planned_by="plan", locked_by="lock",
            ends_with="done",
        ).as_teardown(setups=lock)

    A teardown: Airflow skips what is pending where somebody marks a run as failed half-way, and calls a run a success
    whose last task was skipped. There this task fails, after it has released the lock.

    Args:
        deployment: What a plan has left in XCom under the key `deployment`.
        planned_by: The id of the task that planned the deployment.
        locked_by: The id of the task of the stage `lock`.
        ends_with: The id of the last task before the teardowns.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        AirflowFailException: somebody has stopped the run before its end. The lock is released.
        AirflowSkipException: nothing was locked.
    """

    def __init__(self, *, deployment: Any, planned_by: str, locked_by: str, ends_with: str, **arguments: Any) -> None:
        super().__init__(stage="unlock", deployment=deployment, **arguments)
        self.planned_by = planned_by
        self.locked_by = locked_by
        self.ends_with = ends_with

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Give back the lock where it was asked for; fail where the run was stopped."""
        seen = states(context, self.planned_by, self.locked_by, self.ends_with)
        report = None
        if self.deployment is not None and seen[self.locked_by] not in _NOT_RUN:
            report = super().work(workspace, context)
        had_nothing_to_do = seen[self.planned_by] == "skipped" and self.deployment is not None
        if seen[self.ends_with] == "skipped" and not had_nothing_to_do:
            raise AirflowFailException(
                "this run was stopped before its end (somebody marked it as failed, or as successful), so it has "
                "failed. What it had locked is free again."
            )
        if report is None:
            raise AirflowSkipException("nothing was locked")
        return report


def states(context: Context, *task_ids: str) -> Mapping[str, str | None]:
    """Return the state of each of these tasks in this run; None: it has not begun."""
    ti = context["ti"]
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(task_ids), run_ids=[ti.run_id])
    of_run: Mapping[str, str | None] = found.get(ti.run_id, {})
    return {task_id: of_run.get(task_id) for task_id in task_ids}
