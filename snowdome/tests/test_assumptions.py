"""What snowdome assumes of Snowflake, asked of snowdome itself; and the script that asks a real account."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snowdome.tools.ask_a_real_account import PREFIX, ask
from snowdome.tools.assumptions import EXPERIMENTS
from snowdome.tools.assumptions.client import Cleanup, ProbeClient
from snowdome.tools.assumptions.experiment import DIFFERENT, SAME, UNTRIED, Experiment, Untestable

ROLE = "ACCOUNTADMIN"
Asked = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def swept(snowdome_module: Any) -> Any:
    """The account, with nothing of the experiment left on it afterwards."""
    yield snowdome_module
    cleanup = Cleanup(snowdome_module.connect(), PREFIX, ROLE)
    assert cleanup.sweep() == []
    assert cleanup.found() == []
    snowdome_module.disconnect()


def test_each_assumption_has_its_own_key() -> None:
    """No two assumptions have one key."""
    keys = [one.key for one in EXPERIMENTS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("one", [e for e in EXPERIMENTS if isinstance(e, Experiment)], ids=lambda e: e.key)
def test_snowdome_is_as_it_is_assumed(swept: Any, one: Experiment) -> None:
    """What snowdome does is what its table of assumptions says it does."""
    found = ask(swept.connect, PREFIX, ROLE, one)
    assert (found.outcome, found.found) == (SAME, one.expected)


def test_a_difference_is_found(swept: Any) -> None:
    """An account that does not do as expected is said to be different, one that cannot do it is not tried."""
    one = next(e for e in EXPERIMENTS if isinstance(e, Experiment))
    assert ask(swept.connect, PREFIX, ROLE, replace(one, expected="something else")).outcome == DIFFERENT

    def cannot(_: ProbeClient) -> str:
        raise Untestable("the edition is too small")

    found = ask(swept.connect, PREFIX, ROLE, replace(one, find=cannot))
    assert (found.outcome, found.found) == (UNTRIED, "the edition is too small")


@pytest.fixture
def command(snowdome: Any, tmp_path: Path) -> list[str]:
    """The command that asks the test's account, through a connections.toml of the connector."""
    connections = tmp_path / "connections.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in snowdome.settings.items()]
    connections.write_text("[dome]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    connections.chmod(0o600)
    which = ["--connection-name", "dome", "--connections-file", str(connections)]
    return [sys.executable, "-m", "snowdome.tools.ask_a_real_account", *which]


@pytest.fixture
def run(command: list[str]) -> Asked:
    """The command run to its end."""

    def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=False, timeout=300, env=os.environ.copy()
        )

    return asked


def left(admin: Any, ask: Any) -> list[str]:
    """The names on the account that the script made."""
    kinds = ("databases", "warehouses", "roles", "users", "resource monitors")
    return [row["name"] for kind in kinds for row in ask(admin, f"show {kind} like '{PREFIX}%'")]


def test_the_script_asks_reports_and_cleans_up(snowdome: Any, run: Asked, ask: Any, tmp_path: Path) -> None:
    """It writes what it found as a table and as JSON, ends with 0 where all is the same, and leaves nothing behind."""
    findings = tmp_path / "findings.json"
    done = run("--only", "swap-grants", "--only", "refusal-taken", "--only", "swap-shared", "--json", str(findings))
    assert done.returncode == 0, done.stderr
    assert "2 same, 0 different, 1 could not be tried" in done.stdout
    assert [(one["key"], one["outcome"]) for one in json.loads(findings.read_text(encoding="utf-8"))] == [
        ("swap-grants", SAME),
        ("swap-shared", UNTRIED),
        ("refusal-taken", SAME),
    ]
    assert left(snowdome.connect(), ask) == []


def test_leftovers_keep_it_from_starting(snowdome: Any, run: Asked, ask: Any) -> None:
    """Where its prefix is on the account already it names what is there, and removes it only when asked to."""
    admin = snowdome.connect()
    ask(admin, f"create database {PREFIX}_OLD", "create database other")
    refused = run("--only", "refusal-taken")
    assert refused.returncode == 2
    assert f"database {PREFIX}_OLD" in refused.stderr
    assert left(admin, ask) == [f"{PREFIX}_OLD"]
    assert run("--only", "refusal-taken", "--remove-leftovers").returncode == 0
    assert left(admin, ask) == []
    assert [row["name"] for row in ask(admin, "show databases like 'other'")] == ["OTHER"]


def test_a_prefix_that_could_be_anybodys_is_refused(run: Asked) -> None:
    """A short prefix would sweep what is not its own."""
    assert run("--prefix", "A").returncode == 2


def test_ctrl_c_cleans_up(snowdome: Any, command: list[str], ask: Any) -> None:
    """Interrupted in the middle of an experiment it removes what it made so far."""
    snowdome.fault("swap with", do="delay", seconds=3600)
    process = subprocess.Popen([*command, "--only", "swap-grants"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while not any("swap with" in one["text"].lower() for one in snowdome.statements()):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=120)[0].decode()
    finally:
        process.kill()
        process.wait()
    assert "interrupted: removing what was made" in output
    assert left(snowdome.connect(), ask) == []
