"""A refresh: the working dbt project is built in place, and becomes a release."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, TaskGroup, chain

from sluice.airflow.assets import ENVIRONMENTS, environment_asset
from sluice.airflow.authoring import is_template, known_later, readable_specs, spec_of
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, Stages, flow, from_form, own_group
from sluice.airflow.notifications import DeploymentNotifier
from sluice.airflow.operators.plans import PlanRefreshOperator
from sluice.domain.specs.environment import EnvironmentSpec, chain_to
from sluice.errors import SpecError


def refresh(
    environment: str,
    *,
    full_refresh: bool | str | None = None,
    reason: str | None = None,
    group_id: str | None = None,
    prefix_group_id: bool = True,
) -> TaskGroup:
    """Return the task group `refresh_<environment>`, which builds the working project in place, as a release.

    What is behind it runs once the release is registered, the lock is released and the warehouse has its size again;
    after a failure it does not run. Use it inside a `with DAG(...)`:

        with DAG("after_loading", schedule=[Asset("raw")]):
            refresh("dev", reason="new data") >> promotion("staging")

    Args:
        environment: The name of an environment that is refreshed in place; or, in a template or by its name, an
            ephemeral one.
        full_refresh: Build every model from nothing. Not given: false.
        reason: Why; kept in the journal.
        group_id: The group's id. Not given: `refresh_<environment>`, or `refresh` where that is a template.
        prefix_group_id: Whether the ids of its tasks begin with the group's.

    Arguments may be templates. One that is not given is read from the param of its name, where the DAG's form has one.
    """
    spec = None
    if not (isinstance(environment, str) and known_later(environment)):
        spec = _in_place(spec_of(environment))
    name = group_id or ("refresh" if is_template(environment) else f"refresh_{environment}")
    with own_group(name, prefix_group_id=prefix_group_id, tooltip=f"Refresh of {environment}") as group:
        _tasks(group, environment, spec, from_form(group.dag, full_refresh=full_refresh, reason=reason))
    return group


def refresh_dag(environment: str | EnvironmentSpec) -> DAG:
    """Return the DAG `refresh_<environment>`; its success updates the asset that the next environment waits for."""
    spec = _in_place(environment if isinstance(environment, EnvironmentSpec) else spec_of(environment))
    place = len(chain_to(spec.name, readable_specs()))
    with flow(
        f"refresh_{spec.name}",
        title=f"{place} · Refresh {spec.name}",
        description=f"Builds the working dbt project in {spec.name}, and keeps it as a release",
        doc=f"""
### Refresh {spec.name}

Builds the working dbt project in **{spec.name}** (`{spec.database.name}`), in place, and keeps it as a *release*:
an immutable snapshot named by its content. `sluice://{spec.name}` is updated, so the promotion to the next
environment starts.
""",
        params={"full_refresh": forms.full_refresh(), "reason": forms.reason()},
        schedule=spec.promotion.schedule,
        tags=["refresh", spec.name],
        owner=spec.tags.get("TEAM", "sluice"),
    ) as dag:
        _tasks(dag.task_group, spec.name, spec, from_form(dag, full_refresh=None, reason=None))
    return dag


def build_environment_dag() -> DAG:
    """Return the DAG `build_environment`: dbt in any ephemeral environment."""
    with flow(
        "build_environment",
        title="Environment · Build",
        description="dbt in an ephemeral environment",
        doc="""
### Build an ephemeral environment

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
        _tasks(dag.task_group, "{{ params.environment }}", None, from_form(dag, full_refresh=None, reason=None))
    return dag


def _in_place(spec: EnvironmentSpec) -> EnvironmentSpec:
    """Return the spec, or refuse an environment that is not built in place."""
    if spec.promotion.strategy == "in_place":
        return spec
    names = [name for name, one in readable_specs().items() if one.promotion.strategy == "in_place"]
    raise SpecError(
        f"{spec.name} is not refreshed in place: its strategy is {spec.promotion.strategy}",
        where="refresh(environment)",
        value=spec.name,
        good=", ".join(names) or "an environment whose spec says promotion.strategy: in_place",
        untouched="everything",
    )


def _tasks(group: TaskGroup, environment: str, spec: EnvironmentSpec | None, arguments: dict[str, Any]) -> None:
    """The stages, one task each, in their order, with what releases; no spec: an ephemeral environment."""
    stages = Stages(group, environment)
    with stages.section("check"):
        gate = stages.gate()
        plan = PlanRefreshOperator(**stages.called("plan"), environment=environment, **arguments, **RETRIES)
        accept = stages.accept_cost(plan, spec.promotion.approvers if spec is not None else ())
        lock = stages.setup("lock", on_success_callback=DeploymentNotifier("started", environment))
        scale_up = stages.setup("scale_up")
    with stages.section("build"):
        build = stages.task("build_in_place")
        register = stages.task(
            "register",
            outlets=[environment_asset(environment) if spec is not None else ENVIRONMENTS],
            on_success_callback=DeploymentNotifier("succeeded", environment),
        )
    chain(gate, plan, accept, lock, scale_up, build, register)
    with stages.section("finish"):
        stages.finish(register, stages.scale_down(lock, scale_up), stages.unlock(gate, lock))
