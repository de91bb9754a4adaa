"""What runs in an environment whose budget stops it: a build is cut short and says why, the next one waits its turn."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import driven, sluice
from world import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LONG = "call system$wait(3000)"
AT_ONCE = "thresholds: {notify: 0.0001, limit: 0.0002, suspend: 0.0003}\nanomaly: {floor_usd: 1000}\n"
"""Percent of the day's budget: whatever has run today is beyond them."""


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """It is so, soon."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def statements(world: World, text: str) -> list[dict[str, Any]]:
    """What the account was asked that has this in it."""
    address = f"http://127.0.0.1:{world.stack.environment.account_port}/snowdome/statements"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return [one for one in json.load(answer)["statements"] if text in one["text"]]


def held(world: World) -> dict[str, str]:
    """How each environment is held."""
    said = sluice(world, "budget", "status", "--json")
    assert said.returncode == 0, said.stderr
    return {one["environment"]: one["held"] for one in json.loads(said.stdout)["environments"]}


def test_a_build_that_its_budget_cuts_short_says_so_and_the_next_one_waits(world: World) -> None:
    """A build runs in dev; a check finds dev over its budget, and aborts what runs: the task fails, naming the budget.

    A refresh that is begun then waits at its gate, without a worker, until dev is started, and succeeds.
    """
    policy = Path(world.stack.environment.variables()["SLUICE_POLICIES"]) / "budgets.yml"
    world.write(leaf=f"{{{{ config(pre_hook=\"{LONG}\") }}}}\nselect sales, 2 as version from {{{{ ref('totals') }}}}")
    run = world.alice.trigger("refresh_dev", full_refresh=True)
    world.known.add(run.run_id)
    until(lambda: any(one["ended"] is None for one in statements(world, LONG)), 240)
    policy.write_text(AT_ONCE)
    try:
        assert world.run("budget_check").state == "success"
    finally:
        policy.unlink()
    ended = world.end(run)
    assert (ended.state, ended.failed_task()) == ("failed", "build_in_place")
    task = ended.tasks["build_in_place"]
    log = world.alice.log(run, "build_in_place", int(task["try_number"]))
    assert "its budget has suspended dev" in log
    assert task["try_number"] == 1  # not tried again
    assert ended.tasks["unlock"]["state"] == "success"

    world.reset()
    waits = world.alice.trigger("refresh_dev")
    world.known.add(waits.run_id)
    until(lambda: world.alice.tasks(waits)["gate"]["state"] == "deferred")
    assert {name for name, one in world.alice.tasks(waits).items() if one["state"] not in {None, "no_status"}} == {
        "gate"
    }
    for name, how in held(world).items():
        if how != "free":
            started = sluice(world, "budget", "resume", name, "--reason", "mended")
            assert started.returncode == 0, started.stdout + started.stderr
    assert world.end(waits).state == "success"
    driven(world, 24)  # what comes after begins a day of its own
    assert set(held(world).values()) == {"free"}
