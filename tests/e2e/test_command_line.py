"""The command line beside a running stack: what people and pipelines are told."""

from __future__ import annotations

import json
import subprocess
import sys

from world import World


def sluice(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as an operator of this Airflow."""
    command = [sys.executable, "-c", "from sluice.cli import main; main()", *words]
    return subprocess.run(
        command, env=world.stack.surroundings.variables(), capture_output=True, text=True, check=False
    )


def test_status_is_json_on_request(world: World) -> None:
    """`sluice status --json` prints nothing but JSON, and every environment is known."""
    done = sluice(world, "status", "--json")
    found = {one["environment"]: one for one in json.loads(done.stdout)}
    assert done.returncode == 0
    assert set(found) == {"dev", "staging", "prod"}
    assert [one["problem"] for one in found.values()] == [None, None, None]


def test_a_provisioned_environment_is_as_specified(world: World) -> None:
    """`sluice explain provision` says that nothing is left to do, and the journal tells who did it."""
    assert "nothing to do" in sluice(world, "explain", "provision", "prod").stdout
    assert "environment.provisioned" in sluice(world, "history", "prod").stdout


def test_an_unknown_environment_is_refused_with_the_known_ones(world: World) -> None:
    """A typing error ends with exit code 1, the bad name and a good one."""
    done = sluice(world, "explain", "promote", "prd")
    assert done.returncode == 1
    assert "'prd'" in done.stderr
    assert "prod" in done.stderr
