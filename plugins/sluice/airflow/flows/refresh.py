"""A refresh: the working dbt project is built in place, and becomes a release."""

from __future__ import annotations

from airflow.sdk import DAG, TaskGroup, chain

from sluice.airflow.assets import ENVIRONMENTS, environment_asset
from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, Stages, accept_cost, flow, gate, spec_of
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.plans import PlanRefresh


def refresh(environment: str, *, group_id: str = "refresh", prefix_group_id: bool = True) -> TaskGroup:
    """Return the task group that builds the working project in an environment and registers it as a release."""
    tooltip = f"Refresh of {spec_of(environment).name}"
    with TaskGroup(group_id, prefix_group_id=prefix_group_id, tooltip=tooltip) as group:
        _tasks(environment)
    return group


def refresh_dag(environment: str) -> DAG:
    """Return the DAG `refresh_<environment>`; its success updates the asset that the next environment waits for."""
    spec = spec_of(environment)
    with flow(
        f"refresh_{environment}",
        doc=f"""
### Refresh {environment}

Builds the working dbt project in **{environment}** (`{spec.database.name}`), in place, and keeps it as a *release*:
an immutable snapshot named by its content. `sluice://{environment}` is updated, so the promotion to the next
environment starts.
""",
        params={"full_refresh": forms.full_refresh(), "reason": forms.reason()},
        schedule=spec.promotion.schedule,
        tags=["refresh", environment],
    ) as dag:
        _tasks(environment)  # outside a group, which Airflow would show folded
    return dag


def build_environment_dag() -> DAG:
    """Return the DAG `build_environment`: dbt in any environment that comes and goes."""
    with flow(
        "build_environment",
        doc="""
### Build an environment that comes and goes

Builds the working dbt project in it, in place: the first time only what the project changed against the release that
its base bore when it was cloned (`state:modified+`), since the clone has the rest; what it lacks is read in the base
(`--defer`). Later builds go on from the environment's own last one.
""",
        params={
            "environment": forms.ephemeral(),
            "full_refresh": forms.full_refresh(),
            "reason": forms.reason(),
        },
        tags=["environments"],
    ) as dag:
        _tasks(None)
    return dag


def _tasks(environment: str | None) -> None:
    """The stages, one task each, in their order, with what gives back; None: of the run's own environment."""
    plan = PlanRefresh(task_id="plan", environment=environment or "", **RETRIES)
    stages = Stages(plan, environment)
    lock = stages.task("lock", on_success_callback=DeploymentNotifier("started", environment)).as_setup()
    scale_up = stages.task("scale_up").as_setup()
    build = stages.task("build_in_place")
    register = stages.task(
        "register",
        outlets=[environment_asset(environment) if environment else ENVIRONMENTS],
        on_success_callback=DeploymentNotifier("succeeded", environment),
    )
    scale_down = stages.task("scale_down").as_teardown(setups=scale_up)
    unlock = stages.task("unlock").as_teardown(setups=lock)
    accept = accept_cost(stages, plan, spec_of(environment).promotion.approvers if environment else ())
    chain(gate(environment), plan, accept, lock, scale_up, build, register, scale_down, unlock)
