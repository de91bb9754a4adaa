"""Every operator and sensor in a plain DAG: arguments in its constructor, no form of sluice's, run on an account."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, TriggerRule, XComArg, chain
from fastapi.testclient import TestClient
from running import Ran, Runs

from sluice.airflow import operators, sensors
from sluice.airflow.operators import (
    ApproveCostOperator,
    ApproveDeploymentOperator,
    ApproveEnvironmentOperator,
    ApproveMarginalOperator,
    ApproveRecloneOperator,
    ChangeAccessOperator,
    ChangeEnvironmentOperator,
    CheckBudgetsOperator,
    ControlBudgetOperator,
    DestroyEnvironmentOperator,
    PlanEnvironmentOperator,
    PlanPromotionOperator,
    PlanRecloneOperator,
    PlanRefreshOperator,
    PlanRollbackOperator,
    PlanSweepOperator,
    ProvisionEnvironmentOperator,
    ProvisionRolesOperator,
    RecloneEnvironmentOperator,
    ReviewAccessOperator,
    RunStageOperator,
    SweepEnvironmentsOperator,
    UndoDeploymentOperator,
    UnlockEnvironmentOperator,
)
from sluice.airflow.sensors import BudgetSensor, DeploymentSensor, EnvironmentGateSensor, EnvironmentReadySensor

pytestmark = pytest.mark.timeout(900)

# These tests tell one story: each begins where the one before ended.

USED: set[type] = set()
"""The operators and sensors that a test has run."""


def deployment(plan: BaseOperator) -> XComArg:
    """Return what a plan leaves in XCom for the stages behind it."""
    return XComArg(plan, key="deployment")


def succeeds(runs: Runs, dag: DAG, *, approver: str | None = None) -> Ran:
    """Run a plain DAG to its end: every task has succeeded."""
    assert not dag.params
    ran = runs.run(dag, approver=approver)
    assert ran.tasks == dict.fromkeys(dag.task_ids, "success")
    USED.update(type(task) for task in dag.tasks)
    return ran


@pytest.fixture(scope="module")
def refreshed(runs: Runs) -> Ran:
    """Dev was refreshed by operators alone."""
    with DAG("plain_refresh", schedule=None) as dag:
        ready = EnvironmentReadySensor(task_id="ready", environment="dev")
        gate = EnvironmentGateSensor(task_id="gate", environment="dev")
        plan = PlanRefreshOperator(task_id="plan", environment="dev", reason="a plain DAG", full_refresh="{{ 1 == 2 }}")
        cost = ApproveCostOperator(task_id="cost", deployment=deployment(plan), reports=[plan.output])
        stages = [
            RunStageOperator(task_id=stage, stage=stage, deployment=deployment(plan))
            for stage in ("lock", "scale_up", "build_in_place", "register", "scale_down")
        ]
        unlock = UnlockEnvironmentOperator(
            task_id="unlock", deployment=deployment(plan), planned_by="plan", locked_by="lock", ends_with="scale_down"
        )
        chain(ready, gate, plan, cost, *stages, unlock)
    return succeeds(runs, dag)


@pytest.fixture(scope="module")
def promoted(runs: Runs, refreshed: Ran) -> Ran:
    """Staging was promoted to by operators alone; bob has approved."""
    release = refreshed.xcom("plan", "deployment")["release"]
    with DAG("plain_promotion", schedule=None) as dag:
        wait = DeploymentSensor(task_id="wait", environment="dev", release=release)
        plan = PlanPromotionOperator(task_id="plan", environment="staging", release=release, reason="a plain DAG")
        approve = ApproveDeploymentOperator(
            task_id="approve", deployment=deployment(plan), reports=[plan.output], approvers=["bob"]
        )
        stages = {
            stage: RunStageOperator(task_id=stage, stage=stage, deployment=deployment(plan))
            for stage in ("lock", "check_source", "check_target", "record_undo", "clone", "build", "judge", "cut_over",
                          "verify", "settle")
        }  # fmt: skip
        marginal = ApproveMarginalOperator(
            task_id="marginal", deployment=deployment(plan), reports=[stages["judge"].output], approvers="bob"
        )
        undo = UndoDeploymentOperator(
            task_id="undo", deployment=deployment(plan), recorded_by="record_undo", settled_by="settle"
        )
        unlock = UnlockEnvironmentOperator(
            task_id="unlock", deployment=deployment(plan), planned_by="plan", locked_by="lock", ends_with="settle"
        )
        first, last = list(stages.values())[:7], list(stages.values())[7:]
        chain(wait, plan, approve, *first, marginal, *last, undo, unlock)
        unlock.trigger_rule = TriggerRule.ALL_DONE
    return succeeds(runs, dag, approver="bob")


def test_a_promotion_of_operators_brings_the_release(runs: Runs, refreshed: Ran, promoted: Ran) -> None:
    """What was refreshed is live in staging, nothing was to be undone, and the lock is released."""
    live = runs.live("staging")
    assert live is not None
    assert live.deployment == promoted.xcom("plan", "deployment")["id"]
    assert live.release == refreshed.xcom("plan", "deployment")["release"]
    assert promoted.xcom("approve")["chosen_options"] == ["Approve"]
    assert "nothing to undo" in promoted.xcom("undo")["summary"]
    assert runs.holder("staging") is None


@pytest.fixture(scope="module")
def web(runs: Runs) -> Iterator[TestClient]:
    """Airflow's API server with sluice's pages, asked by a viewer."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    with TestClient(create_app(apps="core"), base_url="http://localhost:8080") as client:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="vi", role="viewer"))
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def links(web: TestClient, ran: Ran, task_id: str) -> dict[str, str | None]:
    """Return the extra links that Airflow shows at a task."""
    path = f"/api/v2/dags/{ran.dag.dag_id}/dagRuns/{ran.run_id}/taskInstances/{task_id}/links"
    answer = web.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, str | None] = answer.json()["extra_links"]
    return found


def test_each_task_links_to_its_deployments_page(web: TestClient, promoted: Ran) -> None:
    """From the plan to unlock, as Airflow's API gives it: to one page with stages, evidence and artifacts."""
    tasks = [task_id for task_id in promoted.tasks if task_id != "wait"]
    (address,) = {links(web, promoted, task_id)["Artifacts and evidence"] for task_id in tasks}
    assert address is not None
    page = web.get(address)
    assert page.status_code == 200
    for text in (
        promoted.xcom("plan", "deployment")["id"],
        "cut_over",
        "row-count drift",
        "manifest.json",
        'href="docs"',
    ):
        assert text in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    manifest = web.get(f"{address}artifacts/manifest.json").json()
    assert "model.till.sales" in manifest["nodes"]


def test_the_dbt_docs_of_a_deployment_are_a_page(web: TestClient, promoted: Ran) -> None:
    """Linked from where they exist: the build and what follows; manifest and catalog are inside, apart from Airflow."""
    assert links(web, promoted, "clone")["dbt docs"] is None
    address = links(web, promoted, "settle")["dbt docs"]
    assert address is not None
    page = web.get(address)
    assert page.status_code == 200
    assert "model.till.sales" in page.text
    assert "INLINE DATA" not in page.text
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")


def test_a_page_is_for_those_who_may_read_the_dags_xcom(web: TestClient, refreshed: Ran, promoted: Ran) -> None:
    """Nobody else; no other run shows the deployment, and no path leads out of its folder."""
    address = str(links(web, promoted, "settle")["Artifacts and evidence"])
    with TestClient(web.app, base_url="http://localhost:8080") as stranger:
        assert stranger.get(address).status_code == 401
        assert stranger.get(f"{address}docs").status_code == 401
    other = address.replace("plain_promotion", "plain_refresh").replace(promoted.run_id, refreshed.run_id)
    assert web.get(other).status_code == 404
    for name in ("nothing.json", "..%2F..%2F..%2Freleases", "%2Fetc%2Fpasswd"):
        assert web.get(f"{address}artifacts/{name}").status_code in {404, 405}


def test_a_rollback_of_operators_brings_the_former_deployment_back(runs: Runs, promoted: Ran, refreshed: Ran) -> None:
    """A second promotion is rolled back; the tasks link to what comes back."""
    first = runs.live("staging")
    runs.write(leaf="select sales, 'plain' as version from {{ ref('totals') }}")
    for dag in (refreshed.dag, promoted.dag):
        for task in dag.tasks:  # whichever release there is now
            if getattr(task, "release", None):
                task.release = None
        assert runs.run(dag, approver="bob").state == "success"
    assert runs.live("staging") != first
    with DAG("plain_rollback", schedule=None) as dag:
        plan = PlanRollbackOperator(task_id="plan", environment="staging", reason="a plain DAG")
        stages = [
            RunStageOperator(task_id=stage, stage=stage, deployment=deployment(plan))
            for stage in ("lock", "record_undo", "cut_over", "verify", "settle", "unlock")
        ]
        chain(plan, *stages)
    succeeds(runs, dag)
    assert runs.live("staging") == first


def test_an_ephemeral_environment_lives_by_operators(runs: Runs) -> None:
    """Planned, approved, made, waited for, changed, cloned anew and destroyed."""
    wishes: dict[str, Any] = {
        "kind": "testing", "branch": "feature/plain-dag", "environment_owner": "ann", "base": "staging", "hours": "4",
        "daily_usd": 5, "schemas": "['ANALYTICS']", "size": "XSMALL", "reason": "tests of a branch",
    }  # fmt: skip
    with DAG("plain_environment", schedule=None) as dag:
        plan = PlanEnvironmentOperator(task_id="plan", **wishes)
        approve = ApproveEnvironmentOperator(task_id="approve", deployment=deployment(plan), reports=[plan.output])
        make = ProvisionEnvironmentOperator(task_id="make", **wishes)
        name = "{{ ti.xcom_pull('make')['environment'] }}"
        ready = EnvironmentReadySensor(task_id="ready", environment=name)
        change = ChangeEnvironmentOperator(
            task_id="change", environment=name, what="extend", hours="{{ 1 + 1 }}", reason="not done yet"
        )
        about = PlanRecloneOperator(task_id="about", environment=name, keep=True, reason="data of now")
        accept = ApproveRecloneOperator(task_id="accept", deployment=deployment(about), reports=[about.output])
        reclone = RecloneEnvironmentOperator(task_id="reclone", environment=name, keep="True", reason="data of now")
        destroy = DestroyEnvironmentOperator(task_id="destroy", environment=name, force="true", reason="tests are over")
        chain(plan, approve, make, ready, change, about, accept, reclone, destroy)
    ran = succeeds(runs, dag)
    made = ran.xcom("make")["environment"]
    assert made.startswith("ci_plain_dag_ann_")
    assert ran.xcom("plan")["facts"]["name"] == made
    assert ran.xcom("change")["what"] == "extend"
    assert ran.xcom("reclone")["summary"] == f"{made}: cloned anew from staging"
    assert ran.xcom("destroy")["summary"] == f"{made}: destroyed"


def test_the_account_is_looked_after_by_operators(runs: Runs) -> None:
    """Roles, access, its review, budgets and the sweep: each with its arguments, none with a form."""
    from sluice.airflow.workspace import airflow_workspace
    from sluice.snowflake.statements import Statement

    with airflow_workspace().control() as session:
        session.run(Statement("CREATE ROLE IF NOT EXISTS PLAIN_READERS"))
    access: dict[str, Any] = {"environment": "dev", "to": "role", "holder": "PLAIN_READERS", "reason": "month-end"}
    with DAG("plain_care", schedule=None) as dag:
        chain(
            ProvisionEnvironmentOperator(task_id="dev", environment="dev"),
            ProvisionRolesOperator(task_id="roles"),
            ChangeAccessOperator(task_id="grant", what="grant", level="read", hours="{{ 2 * 4 }}", **access),
            ReviewAccessOperator(task_id="review"),
            ChangeAccessOperator(task_id="revoke", what="revoke", **access),
            CheckBudgetsOperator(task_id="check"),
            ControlBudgetOperator(
                task_id="more", what="override", environments="['dev', 'staging']", usd=20, hours=8, reason="month-end"
            ),
            BudgetSensor(task_id="affordable", environment="dev"),
            PlanSweepOperator(task_id="sweep_plan", allow=3),
            SweepEnvironmentsOperator(task_id="dry", allow=3),
            SweepEnvironmentsOperator(task_id="sweep", apply=True),
        )
    ran = succeeds(runs, dag)
    assert ran.xcom("grant")["summary"].startswith("dev: read of role PLAIN_READERS, until ")
    assert ran.xcom("revoke")["summary"].startswith("revoked: dev: read of role PLAIN_READERS")
    assert ran.xcom("more")["summary"].startswith("dev, staging: USD 20 more until ")
    assert set(ran.xcom("check")["levels"]) <= {"FINE", "NOTIFY", "LIMIT", "SUSPEND"}
    assert ran.xcom("sweep_plan")["actions"]["keep"] >= 3
    assert "retained database OLIST_STAGING__R_" in "".join(ran.xcom("sweep_plan")["leftovers"])
    assert ran.xcom("dry")["dry_run"] is True
    assert ran.xcom("sweep")["counts"]["failed"] == 0


def test_every_public_operator_and_sensor_was_run() -> None:
    """What is exported and not abstract was in one of the DAGs above."""
    public = [getattr(module, name) for module in (operators, sensors) for name in module.__all__]
    bases = {cls for kind in public for cls in kind.__mro__[1:]}
    concrete = {kind for kind in public if not inspect.isabstract(kind) and (kind not in bases or kind in USED)}
    abstract = {kind.__name__ for kind in set(public) - concrete}
    assert abstract == {"SluiceOperator", "PlanDeploymentOperator", "ConditionSensor"}
    assert {kind.__name__ for kind in concrete - USED} == set()
