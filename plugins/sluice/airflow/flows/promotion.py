"""A promotion: thirteen stages as tasks, in anybody's DAG or in one of ours."""

from __future__ import annotations

from airflow.sdk import DAG, Param, TaskGroup, chain

from sluice.airflow.assets import environment_asset
from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, Stages, accept_cost, flow, gate, spec_of, undo_task
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.approval import AcceptMarginal, ApproveDeployment
from sluice.airflow.operators.plans import PlanPromotion
from sluice.airflow.operators.stages import StageOperator
from sluice.domain.specs import EnvironmentSpec

BEFORE_CUT_OVER = ("check_source", "check_target", "record_undo", "clone", "build", "judge")


def promotion_params() -> dict[str, Param]:
    """Return the form of a promotion; a DAG that uses the group without it promotes with the defaults."""
    return {
        "release": forms.release(),
        "full_refresh": forms.full_refresh(),
        "keep_candidate": forms.keep_candidate(),
        "reason": forms.reason(),
    }


def promotion(environment: str, *, group_id: str = "promotion", prefix_group_id: bool = True) -> TaskGroup:
    """Return the task group that brings the upstream's release to an environment; use it inside a `with DAG(...)`.

    The run's params `release`, `full_refresh`, `keep_candidate` and `reason` count where the DAG has them
    (`params=promotion_params()`).
    """
    with TaskGroup(group_id, prefix_group_id=prefix_group_id, tooltip=f"Promotion to {environment}") as group:
        _tasks(spec_of(environment))
    return group


def promotion_dag(environment: str) -> DAG:
    """Return the DAG `promote_<environment>`: runs when the upstream's asset is updated, or when somebody asks."""
    spec = spec_of(environment)
    upstream = spec.upstream
    with flow(
        f"promote_{environment}",
        doc=_page(spec),
        params=promotion_params(),
        schedule=[environment_asset(upstream)] if upstream else None,
        tags=["promotion", environment],
    ) as dag:
        _tasks(spec)  # outside a group, which Airflow would show folded
    return dag


def _tasks(spec: EnvironmentSpec) -> None:
    """The stages, one task each, in their order, with what undoes them and gives back."""
    plan = PlanPromotion(task_id="plan", environment=spec.name, **RETRIES)
    stages = Stages(plan, spec.name)
    lock = stages.task("lock", on_success_callback=DeploymentNotifier("started", spec.name)).as_setup()
    scale_up = stages.task("scale_up").as_setup()
    work = {stage: stages.task(stage) for stage in BEFORE_CUT_OVER}
    work["accept"] = _accept(stages, spec, work["judge"])
    work |= {stage: stages.task(stage) for stage in ("cut_over", "verify")}
    settle = _settle(stages, spec.name)
    chain(gate(spec.name), plan, *_approval(stages, spec, plan), lock, scale_up, *work.values(), settle)
    undo = undo_task(stages, work["record_undo"])
    undoable = list(work.values())[list(work).index("clone") :]
    undoable >> undo
    scale_down = stages.task("scale_down").as_teardown(setups=scale_up)
    unlock = stages.task("unlock").as_teardown(setups=lock)
    chain([settle, undo], scale_down, unlock)


def _approval(stages: Stages, spec: EnvironmentSpec, plan: PlanPromotion) -> list[ApproveDeployment]:
    """Where nobody approves each deployment, somebody is asked about one that may cost more than is left."""
    if not spec.promotion.approval:
        return [accept_cost(stages, plan, spec.promotion.approvers)]
    approve = ApproveDeployment(
        task_id="approve",
        deployment=stages.deployment,
        reports=[plan.output],
        approvers=list(spec.promotion.approvers),
    )
    return [approve]


def _accept(stages: Stages, spec: EnvironmentSpec, judge: StageOperator) -> AcceptMarginal:
    return AcceptMarginal(
        task_id="accept_marginal",
        deployment=stages.deployment,
        reports=[judge.output],
        approvers=list(spec.promotion.approvers),
    )


def _settle(stages: Stages, environment: str) -> StageOperator:
    return stages.task(
        "settle",
        outlets=[environment_asset(environment)],
        on_success_callback=DeploymentNotifier("succeeded", environment),
    )


def _page(spec: EnvironmentSpec) -> str:
    approvers = ", ".join(spec.promotion.approvers) or "anyone"
    asked = f"A person approves ({approvers}), never the one who started the chain."
    if not spec.promotion.approval:
        asked = "No approval is asked."
    return f"""
### Promote to {spec.name}

Brings the release that **{spec.upstream}** runs to **{spec.name}** (`{spec.database.name}`): builds it beside live,
in a zero-copy clone, judges it, and swaps it in with one `ALTER DATABASE … SWAP WITH`. Readers see the former or the
new deployment, never a mix.

* Runs by itself whenever `sluice://{spec.upstream}` is updated, or with *Trigger*. A run started by the asset whose
  release is live already ends at once: its tasks are *skipped*.
* {asked}
* A gate that says no: nothing is swapped, the candidate goes. A check of live that says no: swapped back at once.
* `undo` runs only after a failure; the run is shown as failed even when everything was undone.
* To see beforehand what would happen: `sluice explain promote {spec.name}`.
"""
