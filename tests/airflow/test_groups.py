"""Task groups in anybody's DAG: what is behind one runs after its success, never after its failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG, TaskGroup, task
from running import Runs, stop_after

from sluice.airflow.flows import promotion, refresh, rollback
from sluice.domain.journal.events import Kind

pytestmark = pytest.mark.timeout(900)

# These tests tell one story: each begins where the one before ended.


def tell() -> Any:
    """The task behind a group."""

    @task
    def tell() -> str:
        return "notified"

    return tell()


def test_groups_can_be_chained(runs: Runs) -> None:
    """From the project to production in one DAG; each group begins when the one before has given everything back."""
    with DAG("chain", schedule=None) as dag:
        (
            refresh("dev", reason="by {{ dag.dag_id }}")
            >> promotion("staging")
            >> promotion("prod", reason="by {{ dag.dag_id }}", full_refresh="{{ 1 == 1 }}")
            >> tell()
        )
    ran = runs.run(dag, approver="bob")
    assert ran.state == "success"
    assert set(ran.tasks.values()) == {"success"}
    assert ran.xcom("tell") == "notified"
    for before, after in (("refresh_dev", "promote_staging"), ("promote_staging", "promote_prod")):
        assert ran.moments[f"{after}.gate"][0] > ran.moments[f"{before}.unlock"][1]
    assert ran.xcom("promote_prod.plan", "deployment") | {"id": ""} == {
        "id": "",
        "environment": "prod",
        "kind": "promotion",
        "release": ran.xcom("refresh_dev.plan", "deployment")["release"],
        "full_refresh": True,
        "keep_candidate": False,
        "reason": "by chain",
        "actor": "dag_test",
        "restores": None,
        "project": "till",
    }
    assert "nothing to undo" in ran.xcom("promote_prod.undo")["summary"]
    assert {str(live.release) for name in ("dev", "staging", "prod") if (live := runs.live(name))} == {
        ran.xcom("refresh_dev.plan", "deployment")["release"]
    }


def test_what_is_behind_a_promotion_does_not_run_after_its_failure(runs: Runs) -> None:
    """Live does not pass: it is swapped back, the run has failed, and the task behind has not run."""
    before = runs.live("staging")
    runs.write(sales="select 1 as id, 40 as amount union all select 2, -10")
    with DAG("wrong_rows", schedule=None) as dag:
        refresh("dev") >> promotion("staging") >> tell()
    ran = runs.run(dag)
    assert ran.state == "failed"
    assert ran.tasks["promote_staging.verify"] == "failed"
    assert ran.tasks["promote_staging.undo"] == "success"
    assert ran.xcom("promote_staging.undo")["facts"]["swapped_back"] is True
    assert ran.tasks["tell"] == "upstream_failed"
    assert runs.live("staging") == before
    assert runs.holder("staging") is None


def test_what_is_behind_a_refresh_does_not_run_after_its_failure(runs: Runs) -> None:
    """A model that cannot be built: the run has failed, everything is given back, and the task behind has not run."""
    runs.write(leaf="select no_such_column from {{ ref('totals') }}")
    with DAG("no_column", schedule=None) as dag:
        refresh("dev") >> tell()
    ran = runs.run(dag)
    assert ran.state == "failed"
    assert ran.tasks["refresh_dev.build_in_place"] == "failed"
    assert [ran.tasks[f"refresh_dev.{name}"] for name in ("scale_down", "unlock")] == ["success"] * 2
    assert ran.tasks["tell"] == "upstream_failed"
    assert runs.holder("dev") is None


def test_a_rollback_in_anybodys_dag(runs: Runs) -> None:
    """`rollback("staging")` brings the deployment before back, and says who asked; what is behind it runs."""
    first = runs.live("staging")
    runs.write(leaf="select sales, 'two' as version from {{ ref('totals') }}")
    with DAG("second", schedule=None) as dag:
        refresh("dev") >> promotion("staging")
    assert runs.run(dag).state == "success"
    assert runs.live("staging") != first
    with DAG("go_back", schedule=None) as dag:
        rollback("staging") >> tell()
    ran = runs.run(dag)
    assert ran.state == "success"
    assert set(ran.tasks.values()) == {"success"}
    assert runs.live("staging") == first
    assert ran.xcom("rollback_staging.plan", "deployment")["reason"] == f"go_back, run {ran.run_id}"


def test_what_is_behind_a_rollback_does_not_run_after_its_failure(runs: Runs) -> None:
    """Nothing is retained for production: `plan` says so, the run has failed, and the task behind has not run."""
    with DAG("nothing_there", schedule=None, params={"where": "prod"}) as dag:
        rollback("{{ params.where }}", "{{ 'previous' }}", reason="a test") >> tell()
    ran = runs.run(dag)
    assert ran.state == "failed"
    assert ran.tasks["rollback.plan"] == "failed"
    assert ran.tasks["tell"] == "upstream_failed"


@pytest.mark.parametrize(("after", "state"), [("cut_over", "failed"), ("verify", "failed"), ("cut_over", "success")])
def test_a_run_that_somebody_stops_is_undone_and_has_failed(runs: Runs, after: str, state: str) -> None:
    """Marked as failed, or as a success, before it settled: live is what it was, and the run has failed."""
    before, beside = runs.live("staging"), runs.databases("staging")
    with DAG(f"stopped_{after}_{state}", schedule=None) as dag:
        promotion("staging") >> tell()
    stop_after(dag, f"promote_staging.{after}", state)
    ran = runs.run(dag)
    assert ran.state == "failed"
    assert [ran.tasks[name] for name in ("promote_staging.settle", "promote_staging.done", "tell")] == ["skipped"] * 3
    assert ran.xcom("promote_staging.undo")["facts"]["swapped_back"] is True
    assert ran.tasks["promote_staging.outcome"] == "upstream_failed"
    assert runs.live("staging") == before
    assert runs.databases("staging") == beside
    assert runs.holder("staging") is None


@pytest.mark.parametrize("flow", ["promote_staging", "refresh_dev", "rollback_staging"])
def test_a_run_that_is_stopped_before_it_locks_has_failed_too(runs: Runs, flow: str) -> None:
    """Airflow would call it a success: everything that was left of it is skipped."""
    verb, environment = flow.split("_")
    groups: dict[str, Callable[[str], TaskGroup]] = {
        "promote": promotion,
        "refresh": refresh,
        "rollback": lambda name: rollback(name, runs.retained(name)[-1]),
    }
    with DAG(f"stopped_{flow}", schedule=None) as dag:
        groups[verb](environment) >> tell()
    stop_after(dag, f"{flow}.plan", "failed")
    ran = runs.run(dag)
    assert ran.tasks[f"{flow}.lock"] == "skipped"
    assert ran.tasks["tell"] == "skipped"
    assert ran.state == "failed"
    assert runs.holder(environment) is None


def test_what_is_verified_stays_when_settle_fails_and_settle_can_be_run_again(runs: Runs) -> None:
    """The new deployment is right, only the former's name is not: it stays; `settle`, cleared, finishes the run."""
    with DAG("late", schedule=None) as dag:
        promotion("staging") >> tell()
    runs.account.fault("(?i)alter database .*olist_staging__c.* rename to", do="error", errno=3001)
    ran = runs.run(dag)
    deployment = ran.xcom("promote_staging.plan", "deployment")["id"]
    assert ran.state == "failed"
    assert ran.tasks["promote_staging.settle"] == "failed"
    assert "it stays" in ran.xcom("promote_staging.undo")["summary"]
    live = runs.live("staging")
    assert live is not None
    assert live.deployment == deployment
    again = runs.again(ran, "promote_staging.settle")
    assert again.state == "success"
    assert again.tasks["tell"] == "success"
    assert [event.deployment for event in runs.events("staging", Kind.LIVE)][-1] == deployment
    assert runs.holder("staging") is None


def test_a_failed_run_goes_on_after_it_was_cleared(runs: Runs) -> None:
    """A clone that failed is undone; cleared, the same deployment goes live."""
    with DAG("cleared", schedule=None) as dag:
        promotion("staging") >> tell()
    runs.account.fault("(?i)create .*database .* clone ", do="error", errno=3001)
    ran = runs.run(dag)
    assert ran.state == "failed"
    assert ran.tasks["promote_staging.clone"] == "failed"
    assert ran.tasks["promote_staging.undo"] == "success"
    again = runs.again(ran, "promote_staging.clone")
    assert again.state == "success"
    live = runs.live("staging")
    assert live is not None
    assert live.deployment == ran.xcom("promote_staging.plan", "deployment")["id"]
