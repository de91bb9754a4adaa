"""One stack for all end-to-end tests: real Airflow processes, a real account."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.laptop import processes
from sluice.laptop.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))

from world import CHECKS, GATES, ROOT, World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A running stack with provisioned environments; at the end nothing of it is left."""
    home = ROOT / "build" / "e2e"
    shutil.rmtree(home, ignore_errors=True)
    policies = home / "policies"
    policies.mkdir(parents=True)
    (policies / "gates.yml").write_text(GATES)
    (policies / "checks.yml").write_text(CHECKS)
    (policies / "prices.yml").write_text("credit_usd: 3\n")
    for shipped in ("cleanup.yml", "access.yml"):
        shutil.copy(ROOT / "include" / "policies" / shipped, policies)
    stack = Stack.at(ROOT, "e2e", project=home / "project", more={"SLUICE_POLICIES": str(policies)})
    with stack:
        services = list(stack.services)
        with stack.api("admin") as admin, stack.api("alice") as alice, stack.api("bob") as bob:
            world = World(stack, admin, alice, bob)
            world.reset()
            for name in world.specs:
                assert world.run("provision_environment", environment=name).state == "success"
            yield world
    assert processes.members(services) == []
