"""A promotion: thirteen stages as tasks, in anybody's DAG or in one of sluice's."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, chain

from sluice.airflow.assets import environment_asset
from sluice.airflow.authoring import readable_specs, spec_of
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, Stages, flow, from_form, own_group
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.approval import ApproveDeploymentOperator, ApproveMarginalOperator
from sluice.airflow.operators.plans import PlanPromotionOperator
from sluice.airflow.operators.stages import RunStageOperator
from sluice.domain.specs.environment import EnvironmentSpec, chain_to
from sluice.errors import SpecError


def promotion_params() -> dict[str, Param]:
    """Return the form of a promotion; a DAG that uses the group without it promotes with the defaults."""
    return {
        "release": forms.release(),
        "full_refresh": forms.full_refresh(),
        "keep_candidate": forms.keep_candidate(),
        "reason": forms.reason(),
    }


def promotion(
    environment: str,
    *,
    release: str | None = None,
    full_refresh: bool | str | None = None,
    keep_candidate: bool | str | None = None,
    reason: str | None = None,
    group_id: str | None = None,
    prefix_group_id: bool = True,
) -> TaskGroup:
    """Return the task group `promote_<environment>`, which brings the upstream's release to an environment.

    What is behind it runs once the release is live, the lock is released and the warehouse has its size again; after a
    failure it does not run, and live is what it was before. Use it inside a `with DAG(...)`:

        with DAG("nightly", schedule="0 4 * * *"):
            promotion("staging") >> promotion("prod", reason="nightly") >> report()

    Args:
        environment: The name of a specified environment that has an upstream.
        release: A release's id; the upstream has to run it. Not given: the one that the upstream runs.
        full_refresh: Build every model from nothing. Not given: false.
        keep_candidate: Keep a candidate that did not pass, for inspection. Not given: as the spec says.
        reason: Why; kept in the journal and shown to approvers.
        group_id: The group's id. Not given: `promote_<environment>`.
        prefix_group_id: Whether the ids of its tasks begin with the group's.

    Arguments may be templates (`"{{ params.release }}"`), the environment may not. One that is not given is read from
    the param of its name, where the DAG's form has one (`params=promotion_params()`).
    """
    spec = _promoted(spec_of(environment))
    with own_group(
        group_id or f"promote_{spec.name}", prefix_group_id=prefix_group_id, tooltip=f"Promotion to {spec.name}"
    ) as group:
        given = {"release": release, "full_refresh": full_refresh, "keep_candidate": keep_candidate, "reason": reason}
        _tasks(group, spec, from_form(group.dag, **given))
    return group


def promotion_dag(environment: str | EnvironmentSpec) -> DAG:
    """Return the DAG `promote_<environment>`: runs when the upstream's asset is updated, or when somebody asks."""
    spec = _promoted(environment if isinstance(environment, EnvironmentSpec) else spec_of(environment))
    place = len(chain_to(spec.name, readable_specs()))
    with flow(
        f"promote_{spec.name}",
        title=f"{place} · Promote to {spec.name}",
        description=f"Brings the release that {spec.upstream} runs to {spec.name}, and swaps it in at once",
        doc=_page(spec),
        params=promotion_params(),
        schedule=[environment_asset(str(spec.upstream))],
        tags=["promotion", spec.name],
        owner=spec.tags.get("TEAM", "sluice"),
    ) as dag:
        given = dict.fromkeys(promotion_params())
        _tasks(dag.task_group, spec, from_form(dag, **given))
    return dag


def _promoted(spec: EnvironmentSpec) -> EnvironmentSpec:
    """Return the spec, or refuse an environment that no release is brought to."""
    if spec.upstream is not None and spec.promotion.strategy == "blue_green":
        return spec
    because = "it has no upstream" if spec.upstream is None else f"its strategy is {spec.promotion.strategy}"
    names = [name for name, one in readable_specs().items() if one.upstream and one.promotion.strategy == "blue_green"]
    raise SpecError(
        f"{spec.name} is not promoted to: {because}",
        where="promotion(environment)",
        value=spec.name,
        good=", ".join(names) or "an environment whose spec names its upstream",
        untouched="everything",
    )


def _tasks(group: TaskGroup, spec: EnvironmentSpec, arguments: dict[str, Any]) -> None:
    """The stages, one task each, in their order, with what undoes them and what releases."""
    stages = Stages(group, spec.name)
    with stages.section("check"):
        gate = stages.gate()
        plan = PlanPromotionOperator(**stages.called("plan"), environment=spec.name, **arguments, **RETRIES)
        approve = _approval(stages, spec, plan)
        lock = stages.setup("lock", on_success_callback=DeploymentNotifier("started", spec.name))
        scale_up = stages.setup("scale_up")
        checks = [stages.task(stage) for stage in ("check_source", "check_target", "record_undo")]
    with stages.section("candidate", "Build"):
        build = [stages.task(stage) for stage in ("clone", "build", "judge")]
        accept = _accept(stages, spec, build[-1])
    with stages.section("switch"):
        switch = [stages.task(stage) for stage in ("cut_over", "verify")]
        settle = _settle(stages, spec.name)
    chain(gate, plan, approve, lock, scale_up, *checks, *build, accept, *switch, settle)
    with stages.section("finish"):
        stages.finish(settle, stages.undo(lock), stages.scale_down(lock, scale_up), stages.unlock(gate, lock))


def _approval(stages: Stages, spec: EnvironmentSpec, plan: PlanPromotionOperator) -> ApproveDeploymentOperator:
    """Where nobody approves each deployment, somebody is asked about one that may cost more than is left."""
    if not spec.promotion.approval:
        return stages.accept_cost(plan, spec.promotion.approvers)
    return ApproveDeploymentOperator(
        **stages.called("approve"),
        deployment=stages.deployment,
        reports=[plan.output],
        approvers=list(spec.promotion.approvers),
    )


def _accept(stages: Stages, spec: EnvironmentSpec, judge: RunStageOperator) -> ApproveMarginalOperator:
    """Return the task that asks somebody where a gate is marginal.

    It succeeds where nobody need be asked, and says so by its name: were it skipped then, the cut-over had to run
    behind a task that was skipped.
    """
    return ApproveMarginalOperator(
        **stages.called("accept_marginal", "if marginal"),
        deployment=stages.deployment,
        reports=[judge.output],
        approvers=list(spec.promotion.approvers),
    )


def _settle(stages: Stages, environment: str) -> RunStageOperator:
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
* `undo` looks after every run; where nothing is to be undone it says so. After a failure, or when somebody marks the
  run as failed, live is what it was before, and the run is shown as failed even when everything was undone.
* To see beforehand what would happen: `sluice explain promote {spec.name}`.
"""
