"""An environment that comes and goes, as people make it: through Airflow, from a form or from the command line."""

from __future__ import annotations

import json

import pytest
from people import driven, listed, sluice
from world import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_pipeline_makes_and_removes_its_own(world: World) -> None:
    """One command makes it, one removes it, each through a DAG; the list and the journal say so."""
    made = sluice(
        world, "env", "create", "smoke run", "--kind", "testing", "--owner", "ci", "--base", "empty", "--hours", "1"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (name,) = [name for name in listed(world) if name.startswith("ci_smoke_run_ci_")]
    assert listed(world)[name]["state"] == "ready"
    assert world.alice.call("GET", "/api/v2/assets/events", params={"source_dag_id": "provision_environment"})[
        "asset_events"
    ][-1]["extra"]["environment"]
    refused = sluice(world, "env", "destroy", name, "--reason", "the run is over", "--confirm", "something else")
    assert refused.returncode == 1
    assert "not the environment's name" in refused.stderr
    gone = sluice(world, "env", "destroy", name, "--reason", "the run is over", "--force")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert listed(world)[name]["state"] == "dropped"


def test_a_sandbox_waits_for_somebody_elses_yes(world: World) -> None:
    """The template asks for an approval: who asks cannot give it; then the environment can be extended and pinned."""
    run = world.alice.trigger(
        "provision_environment",
        environment="a new one", kind="sandbox", feature="what if", owner="alice", reason="an idea",
    )  # fmt: skip
    world.known.add(run.run_id)
    ended = world.end(run, approver=world.bob)
    assert ended.state == "success", world.said
    name = ended.reports["apply"]["environment"]
    assert name.startswith("sandbox_what_if_alice_")
    before = listed(world)[name]
    extended = world.run("change_environment", environment=name, what="extend", hours=5, reason="one more day")
    assert extended.state == "success", world.said
    assert world.run("change_environment", environment=name, what="pin", reason="a demo").state == "success"
    after = listed(world)[name]
    assert after["expires"] > before["expires"]
    assert after["pinned"]


def test_the_life_of_a_branch_of_ones_own(world: World) -> None:
    """Made, built by dbt, refreshed from its base; access given for an hour is taken back by the sweep; then noticed.

    A day after the notice it is set aside, a day later dropped, and brought back.
    """
    made = sluice(world, "env", "create", "--from-branch", "feature/segments", "--owner", "alice", "--hours", "30")
    assert made.returncode == 0, made.stdout + made.stderr
    (name,) = [name for name in listed(world) if name.startswith("dev_segments_alice_")]
    built = sluice(world, "env", "build", name)
    assert built.returncode == 0, built.stdout + built.stderr
    fresh = sluice(world, "env", "reclone", name, "--keep", "--reason", "production went on")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    given = sluice(
        world, "access", "grant", name, "--role", "OLIST_DEV_READER", "--hours", "1", "--reason", "a second look"
    )
    assert given.returncode == 0, given.stdout + given.stderr
    assert "a second look" in sluice(world, "access", "list", "--json").stdout
    driven(world, 2)
    swept = world.run("cleanup_sweep", dry_run=False)
    assert len(swept.reports["sweep"]["revoked"]) == 1
    for hours, state in ((30, "noticed"), (25, "quarantined"), (25, "dropped")):
        driven(world, hours)
        assert world.run("cleanup_sweep", dry_run=False).state == "success"
        assert listed(world)[name]["state"] == state
    back = sluice(world, "env", "undo", name, "--reason", "too early")
    assert back.returncode == 0, back.stdout + back.stderr
    assert listed(world)[name]["state"] == "ready"
    reported = sluice(world, "audit", name, "--json")
    kinds = [event["kind"] for event in json.loads(reported.stdout)]
    assert {"environment.requested", "environment.noticed", "access.revoked", "environment.restored"} <= set(kinds)
    assert "revoke" in sluice(world, "access", "review").stdout or world.run("access_review").state == "success"
