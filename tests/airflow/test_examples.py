"""The examples: each is read as Airflow reads it, and runs to its end on an account."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from running import Runs

from sluice.airflow.flows import refresh

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.timeout(900)

# These tests tell one story: each begins where the one before ended.


@pytest.fixture(scope="module")
def bag(runs: Runs) -> DagBag:
    """Every example, as Airflow reads them."""
    return DagBag(EXAMPLES)


def example(bag: DagBag, name: str) -> DAG:
    """Return the DAG of one file."""
    dag: DAG
    (dag,) = [dag for dag in bag.dags.values() if Path(dag.fileloc).stem == name]
    return dag


def test_every_example_is_short_and_imports(bag: DagBag) -> None:
    """One DAG a file, called like the file, of ten to forty lines; each is run by a test below."""
    assert bag.import_errors == {}
    files = sorted(EXAMPLES.glob("*.py"))
    assert sorted(bag.dags) == [path.stem for path in files]
    assert {path.stem: lines for path in files if (lines := len(path.read_text().splitlines())) > 40} == {}
    tested = Path(__file__).read_text()
    assert [path.stem for path in files if f'example(bag, "{path.stem}")' not in tested] == []


def test_a_nightly_chain_is_approved_by_another_person(runs: Runs, bag: DagBag) -> None:
    """From the project to production in one night, with the yes that production's spec asks for."""
    ran = runs.run(example(bag, "nightly_chain"), approver="bob")
    assert ran.state == "success"
    assert set(ran.tasks.values()) == {"success"}
    assert ran.xcom("promote_prod.approve")["chosen_options"] == ["Approve"]
    live = runs.live("prod")
    assert live is not None
    assert live.release == ran.xcom("refresh_dev.plan", "deployment")["release"]


def test_a_promotion_tells_what_is_live(runs: Runs, bag: DagBag) -> None:
    """The task behind the group reads the report of a stage."""
    runs.write(leaf="select sales, 'notified' as version from {{ ref('totals') }}")
    with DAG("to_dev", schedule=None) as dag:
        refresh("dev")
    assert runs.run(dag).state == "success"
    ran = runs.run(example(bag, "promote_and_tell"))
    assert ran.state == "success"
    live = runs.live("staging")
    assert live is not None
    assert ran.xcom("tell").startswith(f"staging runs {live.release}: ")
    assert ran.xcom("promote_staging.plan", "deployment")["reason"] == "asked for by promote_and_tell"


def test_a_report_waits_for_its_deployment(runs: Runs, bag: DagBag) -> None:
    """Production runs a release, so the report is made: of any, or of the one that is named."""
    live = runs.live("prod")
    assert live is not None
    for conf in ({}, {"release": live.release}):
        ran = runs.run(example(bag, "report_on_deployment"), conf=conf)
        assert ran.state == "success"
        assert ran.xcom("wait")["release"] == live.release
        assert ran.xcom("report")["ANALYTICS"] == 3


def test_a_rollback_is_checked(runs: Runs, bag: DagBag) -> None:
    """The deployment before is live again, and the task behind has looked."""
    before = runs.live("staging")
    ran = runs.run(example(bag, "roll_back_and_check"), conf={"why": "a test of the example"})
    assert ran.state == "success"
    live = runs.live("staging")
    assert live is not None
    assert live != before
    assert ran.xcom("check") == live.deployment
    assert ran.xcom("rollback_staging.plan", "deployment")["reason"] == "a test of the example"


def test_a_branch_is_tested_in_an_environment_of_its_own(runs: Runs, bag: DagBag) -> None:
    """Made for the branch, looked into, and destroyed whatever came of it."""
    ran = runs.run(example(bag, "branch_environment"), conf={"branch": "feature/DATA-7-totals"})
    assert ran.state == "success"
    name = ran.xcom("make")["environment"]
    assert name.startswith("ci_data_7_totals_pipeline_")
    assert ran.xcom("look") > 0
    assert ran.xcom("destroy")["summary"] == f"{name}: destroyed"
