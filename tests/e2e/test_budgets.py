"""Budgets as people meet them: a runaway in a feature environment, and what is stopped and started by hand."""

from __future__ import annotations

import json

import pytest
from people import sluice
from world import World

from sluice.devstack.budget_scenario import Runaway
from sluice.devstack.script_runner import ScriptLog

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def budgets(world: World) -> dict[str, dict[str, str]]:
    """What `sluice budget status` says, by environment."""
    done = sluice(world, "budget", "status", "--json")
    assert done.returncode == 0, done.stderr
    return {one["environment"]: one for one in json.loads(done.stdout)["environments"]}


def test_a_runaway_is_limited_then_suspended_and_nothing_else_is_touched(world: World) -> None:
    """The demo's last act: a feature environment of USD 25 a day on a large warehouse that never stops."""
    said = Runaway(world.stack, ScriptLog(), world.alice).play()
    assert "limited, then suspended" in said
    now = budgets(world)
    name = next(name for name in now if name.startswith("dev_runaway_alice_"))
    assert {one["held"] for other, one in now.items() if other != name} == {"free"}
    assert now[name]["held"] == "suspended"
    assert "SUSPENDED" in now[name]["state"]


def test_stopped_and_started_by_hand(world: World) -> None:
    """One command each, through a DAG, with a reason; production is refused with nothing done."""
    stopped = sluice(world, "budget", "stop", "dev", "--reason", "a runaway job")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert budgets(world)["dev"]["held"] == "suspended by hand"
    refused = sluice(world, "budget", "stop", "prod", "--reason", "panic")
    assert refused.returncode == 1
    assert "never stopped" in refused.stderr
    started = sluice(world, "budget", "resume", "dev", "--reason", "mended")
    assert started.returncode == 0, started.stdout + started.stderr
    assert budgets(world)["dev"]["held"] == "free"
