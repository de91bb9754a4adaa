"""What people do in the end-to-end tests: at the command line, and with the account's clock."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import Any

from world import World


def sluice(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as an operator of this Airflow."""
    command = [sys.executable, "-c", "from sluice.cli import main; main()", *words]
    return subprocess.run(command, env=world.stack.environment.variables(), capture_output=True, text=True, check=False)


def listed(world: World) -> dict[str, dict[str, str]]:
    """What `sluice env list` says, by name."""
    done = sluice(world, "env", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {one["environment"]: one for one in json.loads(done.stdout)}


def clock(world: World, **setting: object) -> dict[str, Any]:
    """The account's clock, set if something is said."""
    address = f"http://127.0.0.1:{world.stack.environment.account_port}/snowdome/clock"
    body = json.dumps(setting).encode() if setting else None
    request = urllib.request.Request(address, body, method="POST" if setting else "GET")
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def driven(world: World, hours: float) -> None:
    """The account's clock is so many hours further; ours is not."""
    clock(world, advance_seconds=int(hours * 3600))
