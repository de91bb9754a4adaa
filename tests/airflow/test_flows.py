"""The DAGs: they import, they read YAML only, their tasks hang together as a promotion must, their forms refuse."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from sluice.airflow.flows import promotion, promotion_params, rollback
from sluice.airflow.sensors import (
    EnvironmentGateSensor,
)
from sluice.errors import SpecError

ROOT = Path(__file__).parents[2]
STAGES = [
    "plan", "approve", "lock", "scale_up", "check_source", "check_target", "record_undo", "clone", "build", "judge",
    "accept_marginal", "cut_over", "verify", "settle",
]  # fmt: skip


@pytest.fixture(scope="module")
def bag() -> DagBag:
    """Every DAG file of the project, read as Airflow reads them."""
    return DagBag(ROOT / "dags")


def test_every_dag_file_imports(bag: DagBag) -> None:
    """Each file makes a DAG, that of the environments one for each, with documentation, and none fails."""
    assert bag.import_errors == {}
    assert set(bag.dags) >= {"provision_environment", "refresh_dev", "promote_staging", "promote_prod", "rollback"}
    assert {Path(dag.fileloc).name for dag in bag.dags.values()} == {path.name for path in (ROOT / "dags").glob("*.py")}
    assert all(dag.doc_md and dag.max_active_runs == 1 and not dag.catchup for dag in bag.dags.values())


def test_the_list_of_dags_begins_with_the_main_jobs(bag: DagBag) -> None:
    """Airflow sorts by display names: theirs say their place in the chain; each has a line and an owner of its own."""
    shown = sorted(bag.dags.values(), key=lambda dag: dag.dag_display_name)
    assert [dag.dag_id for dag in shown[:4]] == ["refresh_dev", "promote_staging", "promote_prod", "rollback"]
    assert len({dag.dag_display_name for dag in shown}) == len(shown)
    assert all(dag.description and dag.dag_display_name != dag.dag_id and len(dag.tags) > 1 for dag in shown)
    assert {dag.owner for dag in shown} == {"data-engineering", "sluice"}
    assert bag.dags["promote_prod"].owner == "data-engineering"


def test_reading_a_dag_file_is_cheap() -> None:
    """Reading the DAG files imports neither dbt nor the connector nor pandas, and takes little of the processor."""
    probe = """
import json, sys, time
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, BaseOperator, TaskGroup
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.dag_processing.dagbag import DagBag
started = time.process_time()
bag = DagBag(sys.argv[1])
seconds = time.process_time() - started
heavy = sorted(n for n in ("dbt", "snowflake.connector", "duckdb", "pandas", "sqlglot", "pyarrow") if n in sys.modules)
print("PROBE" + json.dumps({"seconds": seconds, "heavy": heavy, "errors": bag.import_errors}))
"""
    result = subprocess.run(
        [sys.executable, "-c", probe, str(ROOT / "dags")],
        env=os.environ, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    seen = json.loads(result.stdout.split("PROBE")[1])
    assert seen["errors"] == {}
    assert seen["heavy"] == []
    assert seen["seconds"] < 3


def test_the_thirteen_stages_follow_one_another(bag: DagBag) -> None:
    """Production's promotion has every stage, in order, approval included."""
    order = [task.task_id for task in bag.dags["promote_prod"].topological_sort()]
    assert [name for name in order if name in STAGES] == STAGES


@pytest.mark.parametrize(
    "dag_id", ["promote_staging", "promote_prod", "refresh_dev", "build_environment", "refresh_environment"]
)
def test_nothing_is_planned_or_locked_before_the_gate(bag: DagBag, dag_id: str) -> None:
    """What works in an environment begins with its gate; going back, giving up and looking after are never held up."""
    dag = bag.dags[dag_id]
    assert [task.task_id for task in dag.roots] == ["gate"]
    assert isinstance(dag.get_task("gate"), EnvironmentGateSensor)
    for free in ("rollback", "destroy_environment", "change_environment", "budget_check", "cleanup_sweep"):
        assert "gate" not in bag.dags[free].task_ids


def test_only_production_asks_for_approval(bag: DagBag) -> None:
    """The spec decides: staging has no approval task."""
    assert "approve" not in bag.dags["promote_staging"].task_ids
    assert bag.dags["promote_prod"].get_task("approve").approvers == ["admin", "alice", "bob"]


@pytest.mark.parametrize("dag_id", ["promote_staging", "promote_prod", "refresh_dev", "rollback"])
def test_what_was_taken_is_given_back(bag: DagBag, dag_id: str) -> None:
    """Lock and warehouse size are set-up tasks with tear-downs, so they are given back after a failure too."""
    dag = bag.dags[dag_id]
    assert dag.get_task("lock").is_setup
    assert dag.get_task("unlock").is_teardown
    if dag_id != "rollback":
        assert dag.get_task("scale_up").is_setup
        assert dag.get_task("scale_down").is_teardown


@pytest.mark.parametrize("dag_id", ["promote_staging", "promote_prod", "rollback"])
def test_a_successful_undo_does_not_hide_the_failure(bag: DagBag, dag_id: str) -> None:
    """`outcome` alone decides the run; it follows `done`, which asks for the last stage and for every teardown."""
    dag = bag.dags[dag_id]
    assert [task.task_id for task in dag.leaves] == ["outcome"]
    outcome, done, undo = (dag.get_task(name) for name in ("outcome", "done", "undo"))
    assert outcome.is_teardown
    assert outcome.on_failure_fail_dagrun
    assert outcome.upstream_task_ids == {"done", "unlock"}
    assert done.upstream_task_ids >= {"settle", "undo", "unlock"}
    assert done.trigger_rule == "all_success"
    assert undo.is_teardown
    assert undo.upstream_task_ids == {"lock", "settle"}


@pytest.mark.parametrize("dag_id", ["promote_staging", "promote_prod", "refresh_dev", "rollback", "build_environment"])
def test_the_graph_is_one_line_in_sections(bag: DagBag, dag_id: str) -> None:
    """From left to right: no task but a set-up has two tasks behind it before the end; each stands in a section."""
    dag = bag.dags[dag_id]
    assert all("." not in task.task_id for task in dag.tasks)
    sections = [group.label for group in dag.task_group.get_task_group_dict().values() if group.group_id]
    assert sections == [name for name in ("Check", "Build", "Switch", "Finish") if name in sections]
    assert all(isinstance(child, TaskGroup) for child in dag.task_group.children.values())
    last = dag.get_task("register" if "register" in dag.task_ids else "settle")
    for task in dag.tasks:
        forward = [one for one in task.downstream_list if not one.is_teardown]
        assert len(forward) <= 1, task.task_id
        if not (task.is_setup or task.is_teardown or task is last):
            assert len(task.downstream_task_ids) <= 1, task.task_id


def test_the_list_of_tasks_says_what_each_does(bag: DagBag) -> None:
    """No thirteen times "RunStageOperator": an operator is named like its stage, and what may do nothing says so."""
    dag = bag.dags["promote_prod"]
    names = {task.task_id: task.operator_name for task in dag.tasks}
    assert names["clone"] == "Clone"
    assert names["cut_over"] == "Cut over"
    assert names["gate"] == "Gate"
    assert names["approve"] == "Ask for approval"
    every = {task.operator_name for each in bag.dags.values() for task in each.tasks}
    assert [name for name in every if re.search("[a-z][A-Z]", name)] == []  # the name of a class
    assert dag.get_task("accept_marginal").task_display_name == "accept_marginal (if marginal)"


def test_promotions_wait_for_their_upstreams_asset(bag: DagBag) -> None:
    """A refresh of dev starts staging's promotion, and staging's starts production's."""
    settle, register = bag.dags["promote_staging"].get_task("settle"), bag.dags["refresh_dev"].get_task("register")
    assert [asset.name for asset in register.outlets] == ["sluice://dev"]
    assert [asset.name for asset in settle.outlets] == ["sluice://staging"]
    assert "sluice://dev" in str(bag.dags["promote_staging"].schedule)
    assert "sluice://staging" in str(bag.dags["promote_prod"].schedule)


@pytest.mark.parametrize(
    ("dag_id", "name", "bad"),
    [
        ("promote_prod", "release", "latest; drop database"),
        ("promote_prod", "full_refresh", "yes"),
        ("rollback", "environment", "dev"),
        ("rollback", "deployment", "d1"),
        ("rollback", "reason", ""),
        ("provision_environment", "environment", "qa"),
        ("provision_environment", "kind", "production"),
        ("provision_environment", "base", "nowhere"),
        ("provision_environment", "schemas", ['x"; drop']),
        ("provision_environment", "hours", 0),
        ("provision_environment", "daily_usd", 0),
        ("load_olist", "scale", 7),
        ("change_environment", "environment", "prod"),
        ("change_environment", "what", "drop"),
        ("change_environment", "reason", ""),
        ("budget_control", "what", "close"),
        ("budget_control", "until", "tonight"),
        ("budget_control", "until", "2026-11-28 21:00"),
        ("destroy_environment", "environment", 'dev_x_ann_20261120"; drop'),
    ],
)
def test_forms_refuse_bad_values(bag: DagBag, dag_id: str, name: str, bad: object) -> None:
    """A value that does not fit is refused by the form itself, before any task runs."""
    with pytest.raises(ParamValidationError):
        bag.dags[dag_id].params.get_param(name).resolve(value=bad)


def test_the_task_group_fits_into_anybodys_dag() -> None:
    """`promotion(...)` is a library: its tasks live under its group in a DAG that is not ours, and end in one task."""
    with DAG("somebody_elses", schedule=None, params=promotion_params()) as dag:
        group = promotion("staging", group_id="to_staging", reason="said here")
        behind = EmptyOperator(task_id="behind")
        group >> behind
    assert group.group_id == "to_staging"
    assert all(name.startswith("to_staging.") for name in set(dag.task_ids) - {"behind"})
    tasks: dict[str, Any] = dict(dag.task_dict)
    undo, plan = tasks["to_staging.undo"], tasks["to_staging.plan"]
    assert (undo.recorded_by, undo.settled_by) == ("to_staging.record_undo", "to_staging.settle")
    assert undo.task_display_name == "undo"
    assert behind.upstream_task_ids == {"to_staging.done"}
    assert (plan.release, plan.reason) == ("{{ params.release }}", "said here")


def test_a_dag_without_our_form_promotes_with_what_the_call_says() -> None:
    """No `promotion_params()` is needed, and a group inside another one finds its own tasks."""
    with DAG("plain", schedule=None) as dag, TaskGroup("night"):
        promotion("staging", release="{{ 'r' }}") >> promotion("prod") >> rollback("prod", "previous", reason="x")
    tasks: dict[str, Any] = dict(dag.task_dict)
    plan = tasks["night.promote_staging.plan"]
    assert (plan.release, plan.full_refresh, plan.reason) == ("{{ 'r' }}", None, None)
    assert dag.get_task("night.promote_prod.gate").upstream_task_ids == {"night.promote_staging.done"}
    assert tasks["night.promote_prod.clone"].deployment.task_id == "night.promote_prod.plan"
    assert dag.get_task("night.rollback_prod.begin").upstream_task_ids == {"night.promote_prod.done"}


def test_a_plan_leaves_no_edges_and_the_dag_no_versions() -> None:
    """Stages pull the deployment by the plan's id: two readings of the same file are the same to Airflow."""
    texts = []
    for _ in range(2):
        with DAG("twice", schedule=None) as dag:
            promotion("staging")
        assert dag.get_task("promote_staging.plan").downstream_task_ids == {"promote_staging.accept_cost"}
        (clone,) = [
            task["__var"]
            for task in DagSerialization.to_dict(dag)["dag"]["tasks"]
            if task["__var"]["task_id"] == "promote_staging.clone"
        ]
        texts.append(clone["deployment"])
    assert set(texts) == {"{{ ti.xcom_pull(task_ids='promote_staging.plan', key='deployment') }}"}


def test_an_unknown_environment_is_refused_by_name() -> None:
    """A DAG file that names an environment nobody specified says which there are."""
    with DAG("wrong", schedule=None), pytest.raises(SpecError, match="dev, staging, prod"):
        promotion("production")


def test_the_gate_of_our_dags_looks_as_often_as_everybodys(bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 seconds; `SLUICE_GATE_SECONDS` says otherwise for all."""
    assert bag.dags["promote_prod"].get_task("gate").poke_interval == 300
    monkeypatch.setenv("SLUICE_GATE_SECONDS", "5")
    assert EnvironmentGateSensor(task_id="gate", environment="dev").poke_interval == 5


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The specs that ship, in a folder that a test may change."""
    folder = tmp_path / "environments"
    shutil.copytree(ROOT / "include" / "environments", folder)
    monkeypatch.setenv("SLUICE_ENVIRONMENTS", str(folder))
    return folder


def another(folder: Path, name: str, upstream: str, *, of: str) -> Path:
    """Write the spec of one more environment, like that of another."""
    text = (folder / of).read_text().replace("STAGING", name.upper()).replace("PROD", name.upper())
    text = re.sub(r"(?m)^name: \w+", f"name: {name}", text)
    text = re.sub(r"(?m)^upstream: \w+", f"upstream: {upstream}", text)
    path = folder / f"{name}.yml"
    path.write_text(text)
    return path


def test_a_further_environment_is_one_file(environments: Path) -> None:
    """`qa` between staging and production, and a second production: each has its DAG, started by its upstream."""
    another(environments, "qa", "staging", of="staging.yml")
    another(environments, "prod_eu", "qa", of="production.yml")
    production = environments / "production.yml"
    production.write_text(production.read_text().replace("upstream: staging", "upstream: qa"))
    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}
    chain = {"promote_staging": "dev", "promote_qa": "staging", "promote_prod": "qa", "promote_prod_eu": "qa"}
    for dag_id, upstream in chain.items():
        assert f"sluice://{upstream}" in str(bag.dags[dag_id].schedule)
        settle = bag.dags[dag_id].get_task("settle")
        assert [asset.name for asset in settle.outlets] == [f"sluice://{dag_id.removeprefix('promote_')}"]
    assert bag.dags["promote_prod_eu"].dag_display_name == "4 · Promote to prod_eu"
    assert bag.dags["rollback"].dag_display_name == "5 · Roll back"
    offered = bag.dags["rollback"].params.get_param("environment").schema["enum"]
    assert sorted(offered) == ["prod", "prod_eu", "qa", "staging"]


def test_a_spec_that_cannot_be_read_takes_no_other_dags_with_it(environments: Path) -> None:
    """Its own DAG is not there and one import error names its file; the others', and the way back, are there."""
    broken = another(environments, "qa", "staging", of="staging.yml")
    broken.write_text(broken.read_text() + "warehouses: {}\n")
    bag = DagBag(ROOT / "dags")
    ((file, error),) = bag.import_errors.items()
    assert Path(file).name == "provision_environment.py"
    assert "qa.yml" in error
    assert {"refresh_dev", "promote_staging", "promote_prod", "rollback"} <= set(bag.dags)
    assert "promote_qa" not in bag.dags
    with DAG("of_qa", schedule=None), pytest.raises(SpecError, match=r"qa\.yml"):
        promotion("qa")
