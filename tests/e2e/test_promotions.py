"""Promotions and rollbacks as people run them: through Airflow's API, its scheduler and its workers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from world import World

from sluice.airflow_client.api import Json
from sluice.airflow_client.follow import Ended, approve
from sluice.errors import RefusedError, SpecError

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# These tests tell one story: each begins where the one before ended.


def states(ended: Ended) -> dict[str, str]:
    """Return the state of each task."""
    return {name: str(task["state"]) for name, task in ended.tasks.items()}


def test_a_release_reaches_production_when_another_person_approves(world: World) -> None:
    """Dev's asset starts staging's promotion, staging's production's; who began the chain cannot approve it."""
    refreshed = world.run("refresh_dev", reason="first release")
    assert refreshed.state == "success", world.said
    staged = world.end(world.started("promote_staging"))
    assert staged.state == "success", world.said
    run = world.started("promote_prod")

    def watch(tasks: Mapping[str, Json]) -> None:
        if tasks["approve"]["state"] != "awaiting_input" or not (questions := world.bob.waiting(run)):
            return
        if not refusals:
            with pytest.raises(RefusedError, match="may not do that in Airflow"):
                world.alice.answer(run, "approve", "Approve")
            refusals.append("alice")
            assert "alice" in questions[0]["body"]
        approve(world.bob, run, "approve", world.said.append)  # asked once more where Airflow lost the answer

    refusals: list[str] = []
    assert world.alice.wait(run, seconds=400, watch=watch) == "success"
    assert refusals == ["alice"]
    release = refreshed.fact("register", "release")
    assert {world.live(name).release for name in ("dev", "staging", "prod")} == {release}
    judged = world.alice.xcom(run, "judge")
    assert {one["verdict"] for one in judged["evidence"]} == {"pass"}
    events = world.alice.call("GET", "/api/v2/assets/events", params={"source_dag_id": "promote_prod"})["asset_events"]
    assert events[0]["extra"] == {
        "environment": "prod",
        "deployment": world.live("prod").deployment,
        "release": release,
        "actor": "alice",
        "reason": "first release",
    }


def test_a_refresh_without_a_change_promotes_nothing(world: World) -> None:
    """The asset starts staging's promotion again; it sees that the release is live already, and is skipped."""
    before = world.live("staging")
    assert world.run("refresh_dev").state == "success"
    ended = world.end(world.started("promote_staging"))
    assert ended.state == "success"
    assert {state for task, state in states(ended).items() if task != "gate"} == {"skipped"}
    assert world.live("staging") == before


def test_a_broken_gate_stops_before_cut_over(world: World) -> None:
    """A column that consumers know is gone: judge fails, live is untouched, lock and size are given back."""
    before = world.live("staging")
    world.write(totals="select count(*) as sales from {{ ref('sales') }}")
    assert world.run("refresh_dev").state == "success"
    ended = world.end(world.started("promote_staging"))
    seen = states(ended)
    assert ended.state == "failed"
    assert ended.failed_task() == "judge"
    assert [seen[name] for name in ("cut_over", "verify", "settle")] == ["upstream_failed"] * 3
    assert [seen[name] for name in ("undo", "scale_down", "unlock")] == ["success"] * 3
    evidence = world.alice.xcom(ended.run, "judge", "evidence")
    assert [one["gate"] for one in evidence if one["verdict"] == "fail"] == ["column contract"]
    assert "AMOUNT" in world.alice.log(ended.run, "judge").upper()
    assert world.live("staging") == before


def test_a_failed_verification_is_rolled_back_by_itself(world: World) -> None:
    """A wrong row that no gate knows is found in live: swapped back at once, and the run is failed nonetheless."""
    before = world.live("staging")
    world.reset()
    world.write(sales="select 1 as id, 40 as amount union all select 2, -10")
    assert world.run("refresh_dev").state == "success"
    ended = world.end(world.started("promote_staging"))
    assert ended.state == "failed"
    assert ended.failed_task() == "verify"
    assert ended.fact("undo", "swapped_back") is True
    assert states(ended)["unlock"] == "success"
    assert world.live("staging") == before


def test_a_rollback_by_hand_brings_the_former_release_back(world: World) -> None:
    """A good release arrives in staging; one DAG run later the one before is live again, with a receipt."""
    before = world.live("staging")
    world.reset()
    world.write(leaf="select sales, 2 as version from {{ ref('totals') }}")
    assert world.run("refresh_dev").state == "success"
    staged = world.end(world.started("promote_staging"))
    assert staged.state == "success", world.said
    assert staged.built == 1
    world.started("promote_prod")
    ended = world.run("rollback", environment="staging", deployment="previous", reason="it was a test")
    assert ended.state == "success", world.said
    assert world.live("staging").release == before.release
    assert float(ended.fact("settle", "seconds")) > 0
    assert int(ended.fact("settle", "statements")) > 0


@pytest.mark.parametrize(
    ("dag_id", "conf", "says"),
    [
        ("rollback", {"environment": "prod"}, "reason"),
        ("rollback", {"environment": "dev", "reason": "no such thing"}, "environment"),
        ("promote_prod", {"release": "newest"}, "release"),
        ("provision_environment", {"environment": "qa"}, "environment"),
    ],
)
def test_a_form_that_does_not_fit_starts_nothing(world: World, dag_id: str, conf: dict[str, str], says: str) -> None:
    """Airflow refuses the request itself, and the parameter is named."""
    with pytest.raises(SpecError) as refused:
        world.alice.trigger(dag_id, **conf)
    assert refused.value.where == f"{dag_id}: {says}"


def test_a_rollback_with_nothing_retained_says_so(world: World) -> None:
    """Production had one deployment only: the plan refuses, in words, and nothing is locked."""
    ended = world.run("rollback", environment="prod", reason="there is nothing")
    assert ended.state == "failed"
    assert ended.failed_task() == "plan"
    assert "nothing is retained for prod" in world.alice.log(ended.run, "plan")
    assert states(ended)["unlock"] in {"upstream_failed", "skipped"}
