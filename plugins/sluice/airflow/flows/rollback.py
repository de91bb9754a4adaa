"""A rollback: a retained deployment becomes live again, in seconds, however many models it has."""

from __future__ import annotations

from airflow.sdk import DAG, TaskGroup, chain

from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, Stages, flow, specs, undo_task
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.plans import PlanRollback


def rollback(*, group_id: str = "rollback", prefix_group_id: bool = True) -> TaskGroup:
    """Return the task group that brings back what the run's params `environment`, `deployment` and `reason` name."""
    with TaskGroup(group_id, prefix_group_id=prefix_group_id, tooltip="Rollback") as group:
        _tasks()
    return group


def rollback_dag() -> DAG:
    """Return the DAG `rollback`; its receipt is the report of its last stage."""
    promoted = [name for name, spec in specs().items() if spec.promotion.strategy == "blue_green"]
    with flow(
        "rollback",
        doc="""
### Roll back

Swaps a *retained* deployment back in under its live name: the same cut-over as a promotion, planned, locked, verified
and journalled, independent of the number of models. The receipt (report of `settle`) says how long it took and what
arrived since the cut-over that is no longer live. What was live is retained, so a rollback can itself be rolled back.
""",
        params={
            "environment": forms.environment(
                promoted, promoted[-1], description="Whose former deployment becomes live again."
            ),
            "deployment": forms.deployment(),
            "reason": forms.reason(required=True),
        },
        tags=["rollback"],
    ) as dag:
        _tasks()  # outside a group, which Airflow would show folded
    return dag


def _tasks() -> None:
    """The stages, one task each, in their order, with what undoes them and gives back."""
    plan = PlanRollback(task_id="plan", **RETRIES)
    stages = Stages(plan)
    lock = stages.task("lock", on_success_callback=DeploymentNotifier("started")).as_setup()
    unlock = stages.task("unlock").as_teardown(setups=lock)
    record, swap, verify = (stages.task(stage) for stage in ("record_undo", "cut_over", "verify"))
    settle = stages.task("settle", on_success_callback=DeploymentNotifier("rolled back"))
    undo = undo_task(stages, record)
    chain(plan, lock, record, swap, verify, settle)
    [swap, verify] >> undo
    [settle, undo] >> unlock
