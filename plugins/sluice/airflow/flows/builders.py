"""What every flow is made of: its stages as tasks, the sections they stand in, its form, and the DAG around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, XComArg, chain
from airflow.sdk.exceptions import DuplicateTaskIdFound

from sluice.airflow.authoring import specs
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.approval import ApproveCostOperator
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.plans import DEPLOYMENT, PlanDeploymentOperator
from sluice.airflow.operators.stages import Pulled, RunStageOperator, UndoDeploymentOperator, UnlockEnvironmentOperator
from sluice.airflow.sensors import EnvironmentGateSensor
from sluice.errors import SpecError
from sluice.operations.policies import policy_files

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = [
    "RETRIES",
    "FlowPointOperator",
    "Parameter",
    "Stages",
    "flow",
    "from_form",
    "gate",
    "own_group",
    "parameters",
    "specs",
]

RETRIES: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=10)}
"""Only what may succeed on a second look is retried: sluice's operators fail at once on everything else."""


class FlowPointOperator(EmptyOperator):
    """A point that a flow passes: where it begins, where all of it is done. Nothing runs for it."""

    custom_operator_name = "Point"
    ui_color = "#e6f0f5"


class Stages:
    """Makes the tasks of one flow: in its group, with its retries, telling its people.

    Tasks are named without the sections they stand in: `plan`, or `promote_prod.plan` inside the group of that name.
    `environment` may be a template.
    """

    def __init__(self, group: TaskGroup, environment: str) -> None:
        self.group = group
        self.environment = environment
        self.deployment = Pulled(self.id("plan"), DEPLOYMENT)

    def id(self, name: str) -> str:
        """Return a task's id as the DAG knows it."""
        return str(self.group.child_id(name))

    def called(self, name: str, note: str = "") -> dict[str, str]:
        """Return the id of a task, and how it is shown: by its own name, and when it does nothing at all."""
        return {"task_id": self.id(name), "task_display_name": f"{name} ({note})" if note else name}

    def section(self, name: str, title: str = "") -> TaskGroup:
        """Return a part of the flow that the graph shows as one box until it is opened."""
        return TaskGroup(name, group_display_name=title or name.capitalize(), prefix_group_id=False)

    def task(self, stage: str, **arguments: Any) -> RunStageOperator:
        """Return the task of a stage, named like it."""
        return RunStageOperator(**self._stage(stage), stage=stage, **arguments)

    def setup(self, stage: str, **arguments: Any) -> RunStageOperator:
        """Return the task of a stage whose effect a teardown ends."""
        task = self.task(stage, **arguments)
        task.as_setup()  # type: ignore[no-untyped-call]  # Airflow's method has no types
        return task

    def point(self, name: str) -> FlowPointOperator:
        """Return a point that the flow passes."""
        return FlowPointOperator(**self.called(name))

    def gate(self) -> EnvironmentGateSensor:
        """Return the first task of a flow that works in the environment."""
        return gate(self.environment, **self.called("gate"))

    def accept_cost(self, plan: PlanDeploymentOperator, approvers: Sequence[str]) -> ApproveCostOperator:
        """Return the task that asks somebody where what was planned may cost more than is left of the day's budget."""
        return ApproveCostOperator(
            **self.called("accept_cost", "if over budget"),
            deployment=self.deployment,
            reports=[plan.output],
            approvers=list(approvers),
        )

    def undo(self, lock: RunStageOperator) -> UndoDeploymentOperator:
        """Return the teardown that has live be what it was, unless the deployment settled."""
        undo = UndoDeploymentOperator(
            **self._stage("undo"),
            recorded_by=self.id("record_undo"),
            settled_by=self.id("settle"),
            on_success_callback=DeploymentNotifier("rolled back", self.environment),
        )
        undo.as_teardown(setups=lock)
        return undo

    def scale_down(self, lock: RunStageOperator, scale_up: RunStageOperator) -> RunStageOperator:
        """Return the teardown that gives the warehouse its size back, also where `scale_up` was cut off half-way."""
        scale_down = self.task("scale_down")
        scale_down.as_teardown(setups=[lock, scale_up])
        return scale_down

    def unlock(
        self, first: EnvironmentGateSensor | FlowPointOperator, lock: RunStageOperator
    ) -> UnlockEnvironmentOperator:
        """Return the teardown that releases the lock, and fails where somebody has stopped the run."""
        unlock = UnlockEnvironmentOperator(
            **self._stage("unlock"),
            planned_by=self.id("plan"),
            locked_by=self.id("lock"),
            ends_with=self.id("done"),
        )
        unlock.as_teardown(setups=[first, lock])
        return unlock

    def finish(self, last: RunStageOperator, *teardowns: RunStageOperator) -> None:
        """The flow ends with `done`, for what is behind it, and with `outcome`, which the run's state follows.

        `done` is passed when the last stage has succeeded and everything was released. Airflow skips it where somebody
        marks the run as failed, and calls a run a success whose last task was skipped; a teardown is not skipped, so
        `outcome` can follow `unlock`, which knows better.
        """
        done, outcome = self.point("done"), self.point("outcome")
        chain(last, *teardowns, done)
        chain([last, *teardowns[:-1]], done)
        chain([done, teardowns[-1]], outcome)
        outcome.as_teardown(on_failure_fail_dagrun=True)
        outcome.trigger_rule = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS

    def _stage(self, stage: str) -> dict[str, Any]:
        return {
            **self.called(stage),
            **RETRIES,
            "deployment": self.deployment,
            "on_failure_callback": DeploymentNotifier("failed", self.environment),
        }


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of the run's form, as the value of an operator's argument: the value itself, not its text."""

    name: str

    def __call__(self, context: Context, jinja_env: object) -> Any:
        """Return the field's value in this run; None where the form has no such field."""
        del jinja_env
        return context["params"].get(self.name)

    def serialize(self) -> str:
        """Return it as people know it: what Airflow shows, and compares between two readings of the file."""
        return f"{{{{ params.{self.name} }}}}"


def parameters(*names: str, **renamed: str) -> dict[str, Any]:
    """Return arguments that are fields of the run's form: of the same names, or `argument=field`."""
    return {name: Parameter(name) for name in names} | {name: Parameter(field) for name, field in renamed.items()}


def deployment_of(plan: SluiceOperator) -> XComArg:
    """Return the deployment that a plan leaves in XCom, for the tasks behind it."""
    return XComArg(plan, key=DEPLOYMENT)


def own_group(name: str, *, prefix_group_id: bool, tooltip: str) -> TaskGroup:
    """Return the group of a flow in anybody's DAG; refuse a name that is taken there, and say what tells two apart."""
    try:
        return TaskGroup(name, prefix_group_id=prefix_group_id, tooltip=tooltip)
    except DuplicateTaskIdFound as error:
        raise SpecError(
            "this DAG has a group or a task of that name already",
            where="group_id",
            value=name,
            good=f'group_id="{name}_again"',
            untouched="everything",
        ) from error


def from_form(dag: DAG, **given: Any) -> dict[str, Any]:
    """Return the arguments that were given; of those that were not, a template that reads the DAG's form if it asks."""
    return {
        name: f"{{{{ params.{name} }}}}" if value is None and name in dag.params else value
        for name, value in given.items()
    }


def gate(environment: str = "{{ params.environment }}", **arguments: Any) -> EnvironmentGateSensor:
    """Return the first task of a flow that works in an environment; unless it is named: the one of the run's form."""
    return EnvironmentGateSensor(**({"task_id": "gate", "environment": environment, **RETRIES} | arguments))


def flow(
    dag_id: str,
    *,
    title: str,
    description: str,
    doc: str,
    params: Mapping[str, Param],
    schedule: Any = None,
    tags: Sequence[str] = (),
    owner: str = "sluice",
    **arguments: Any,
) -> DAG:
    """Return one of sluice's own DAGs: one run at a time, no catching up; its title, its form and its page set.

    Airflow lists DAGs by their titles: those of the main jobs begin with their place in the chain.
    """
    rights = policy_files().readable_access().permissions(dag_id)
    if rights is not None:
        arguments["access_control"] = rights
    return DAG(
        dag_id=dag_id,
        dag_display_name=title,
        description=description,
        default_args={"owner": owner},
        schedule=schedule,
        catchup=False,
        max_active_runs=1,
        params=dict(params),
        tags=["sluice", *tags],
        doc_md=doc,
        **arguments,
    )
