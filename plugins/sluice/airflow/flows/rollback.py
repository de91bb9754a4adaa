"""A rollback: a retained deployment becomes live again, in seconds, however many models it has."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, TaskGroup, chain

from sluice.airflow.authoring import is_template, readable_specs, refuse_no_deployment, spec_of, specs
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, Stages, flow, from_form, own_group
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.plans import PlanRollbackOperator
from sluice.domain.specs.environment import chain_to
from sluice.errors import SpecError

WHO = "{{ dag.dag_id }}, run {{ run_id }}"
"""The reason of a rollback that gives none."""


def rollback(
    environment: str,
    deployment: str = "previous",
    *,
    reason: str = WHO,
    group_id: str | None = None,
    prefix_group_id: bool = True,
) -> TaskGroup:
    """Return the task group `rollback_<environment>`, which makes a retained deployment live again.

    What is behind it runs once that deployment is live and the lock is released; after a failure it does not run,
    and live is what it was before. Use it inside a `with DAG(...)`:

        with DAG("back_and_check", schedule=None):
            rollback("prod", reason="wrong totals in the orders mart") >> check()

    Args:
        environment: The name of an environment that is promoted to; may be a template.
        deployment: The id of a retained deployment, or `previous`; may be a template.
        reason: Why; kept in the journal. Not given: the DAG and the run that ask for it.
        group_id: The group's id. Not given: `rollback_<environment>`, or `rollback` where that is a template.
        prefix_group_id: Whether the ids of its tasks begin with the group's.
    """
    named = not (isinstance(environment, str) and is_template(environment))
    if named:
        _refuse_in_place(environment)
    refuse_no_deployment(deployment)
    with own_group(
        group_id or (f"rollback_{environment}" if named else "rollback"),
        prefix_group_id=prefix_group_id,
        tooltip=f"Rollback of {environment}",
    ) as group:
        _tasks(group, environment, {"deployment": deployment, "reason": reason})
    return group


def rollback_dag() -> DAG:
    """Return the DAG `rollback`; its receipt is the report of its last stage."""
    promoted = _promoted() or list(specs())
    known = readable_specs()
    with flow(
        "rollback",
        title=f"{1 + max(len(chain_to(name, known)) for name in known)} · Roll back",
        description="Makes a retained deployment live again, in seconds",
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
        _tasks(dag.task_group, "{{ params.environment }}", from_form(dag, deployment=None, reason=None))
    return dag


def _promoted() -> list[str]:
    return [name for name, spec in readable_specs().items() if spec.promotion.strategy == "blue_green"]


def _refuse_in_place(environment: str) -> None:
    """Refuse an environment of which nothing is retained: it is built in place."""
    spec = spec_of(environment)
    if spec.promotion.strategy != "blue_green":
        raise SpecError(
            f"{spec.name} cannot be rolled back: it is built in place, so nothing is retained",
            where="rollback(environment)",
            value=spec.name,
            good=", ".join(_promoted()) or "an environment whose spec says promotion.strategy: blue_green",
            untouched="everything",
        )


def _tasks(group: TaskGroup, environment: str, arguments: dict[str, Any]) -> None:
    """The stages, one task each, in their order, with what undoes them and what releases."""
    stages = Stages(group, environment)
    with stages.section("check"):
        begin = stages.point("begin")
        plan = PlanRollbackOperator(**stages.called("plan"), environment=environment, **arguments, **RETRIES)
        lock = stages.setup("lock", on_success_callback=DeploymentNotifier("started", environment))
        record = stages.task("record_undo")
    with stages.section("switch"):
        swap, verify = (stages.task(stage) for stage in ("cut_over", "verify"))
        settle = stages.task("settle", on_success_callback=DeploymentNotifier("rolled back", environment))
    chain(begin, plan, lock, record, swap, verify, settle)
    with stages.section("finish"):
        stages.finish(settle, stages.undo(lock), stages.unlock(begin, lock))
