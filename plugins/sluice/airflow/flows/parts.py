"""What every flow is made of: the spec it is for, its stages as tasks, and the DAG around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, TriggerRule

from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.approval import AcceptMarginal
from sluice.airflow.operators.plans import DEPLOYMENT, PlanOperator
from sluice.airflow.operators.stages import StageOperator, UndoOperator
from sluice.airflow.sensors import EnvironmentGate
from sluice.domain.specs import EnvironmentSpec, load_environments
from sluice.errors import SpecError
from sluice.settings import settings
from sluice.stages.policies import policy_files

RETRIES: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=10)}
"""Only what may succeed on a second look is retried: our operators fail at once on everything else."""


def specs() -> dict[str, EnvironmentSpec]:
    """Return the specified environments: YAML is all that reading a DAG file reads."""
    return load_environments(settings().environments)


def spec_of(environment: str) -> EnvironmentSpec:
    """Return an environment's spec, or refuse a name that none has: the DAG file shows it as its import error."""
    found = specs()
    if environment not in found:
        raise SpecError(
            "there is no such environment",
            where=str(settings().environments),
            value=environment,
            good=", ".join(found),
            untouched="everything",
        )
    return found[environment]


class Stages:
    """Makes the stage tasks of one planned deployment."""

    def __init__(self, plan: PlanOperator, environment: str | None = None) -> None:
        self.environment = environment
        self.deployment = plan.output[DEPLOYMENT]
        self._arguments: dict[str, Any] = {**RETRIES, "on_failure_callback": DeploymentNotifier("failed", environment)}

    def task(self, stage: str, **arguments: Any) -> StageOperator:
        """Return the task of a stage, named like it."""
        merged = {"task_id": stage, "stage": stage, "deployment": self.deployment} | self._arguments | arguments
        return StageOperator(**merged)


def gate(environment: str | None = None) -> EnvironmentGate:
    """Return the first task of a flow that works in an environment; None: the one of the run's parameter."""
    return EnvironmentGate(
        task_id="gate",
        environment=environment or "{{ params.environment }}",
        poke_interval=settings().gate_seconds,
        **RETRIES,
    )


def accept_cost(stages: Stages, plan: PlanOperator, approvers: Sequence[str]) -> AcceptMarginal:
    """Return the task that asks somebody where what was planned may cost more than is left of the day's budget."""
    return AcceptMarginal(
        task_id="accept_cost", deployment=stages.deployment, reports=[plan.output], approvers=list(approvers)
    )


def undo_task(stages: Stages, record: StageOperator) -> UndoOperator:
    """Return the task that runs only when a stage after `record` failed; the run stays failed nonetheless."""
    return UndoOperator(
        task_id="undo",
        deployment=stages.deployment,
        recorded_by=record.task_id,
        trigger_rule=TriggerRule.ONE_FAILED,
        on_success_callback=DeploymentNotifier("rolled back", stages.environment),
        on_failure_callback=DeploymentNotifier("failed", stages.environment),
        **RETRIES,
    )


def flow(
    dag_id: str,
    *,
    doc: str,
    params: Mapping[str, Param],
    schedule: Any = None,
    tags: Sequence[str] = (),
    **arguments: Any,
) -> DAG:
    """Return a DAG of ours: one run at a time, no catching up, its form and its page set."""
    rights = policy_files().access().permissions(dag_id)
    if rights is not None:
        arguments["access_control"] = rights
    return DAG(
        dag_id=dag_id,
        schedule=schedule,
        catchup=False,
        max_active_runs=1,
        params=dict(params),
        tags=["sluice", *tags],
        doc_md=doc,
        **arguments,
    )
