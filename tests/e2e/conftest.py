"""One stack for all end-to-end tests: real Airflow processes, a real account."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.devstack import processes
from sluice.devstack.environment import USERS
from sluice.devstack.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))

from browser import Browser, browsing, find_chromium
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
    more = {
        "SLUICE_POLICIES": str(policies),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERS},viewer:viewer",
    }
    stack = Stack.at(ROOT, "e2e", project=home / "project", more=more)
    with stack:
        services = list(stack.services)
        with stack.api("admin") as admin, stack.api("alice") as alice, stack.api("bob") as bob:
            world = World(stack, admin, alice, bob)
            world.reset()
            for name in world.specs:
                assert world.run("provision_environment", environment=name).state == "success"
            yield world
    assert processes.members(services) == []


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; asked for before the stack is started, so that nothing starts where there is none."""
    path: str = find_chromium()
    return path


@pytest.fixture(scope="module")
def browser(chromium: str, world: World) -> Iterator[Browser]:
    """A browser on the stack: `browser.page("alice", "/dags")` is a page that alice sees; viewer may only look.

    It ends with the module: Playwright leaves an event loop running, beside which no other test could start its own.
    """
    with browsing(world.stack, chromium) as started:
        yield started
