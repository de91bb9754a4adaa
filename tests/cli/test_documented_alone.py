"""Every command of README and docs/ where nothing is set up: it runs, or says in one message what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import documented
from tests.documented import Command
from tests.terminal import ROOT, Terminal

CONNECTION = "there is no such Airflow connection: no Airflow is configured here"
AIRFLOW = "no Airflow is named, and none runs here"
MAKE_UP = "or start a stack on this machine: make up"

# Each documented command with what it says without a stack; None: it runs. A command that is documented anew is added
# here, and in tests/e2e/test_the_documented_commands.py.
ALONE: dict[str, str | None] = {
    "": None,
    "init": None,
    "access grant": AIRFLOW,
    "access list": CONNECTION,
    "access review": CONNECTION,
    "access revoke": AIRFLOW,
    "audit": CONNECTION,
    "budget override": AIRFLOW,
    "budget resume": AIRFLOW,
    "budget status": CONNECTION,
    "budget stop": AIRFLOW,
    "budget watch": CONNECTION,
    "dbt": CONNECTION,
    "env build": AIRFLOW,
    "env create": AIRFLOW,
    "env destroy": AIRFLOW,
    "env extend": AIRFLOW,
    "env inventory": CONNECTION,
    "env list": CONNECTION,
    "env reclone": AIRFLOW,
    "env show": CONNECTION,
    "env sweep": AIRFLOW,
    "env undo": AIRFLOW,
    "explain promote": CONNECTION,
    "explain provision": CONNECTION,
    "history": CONNECTION,
    "hours open": AIRFLOW,
    "hours status": CONNECTION,
    "policy replay": CONNECTION,
    "promote": AIRFLOW,
    "provision": AIRFLOW,
    "refresh": AIRFLOW,
    "rollback": AIRFLOW,
    "status": CONNECTION,
    "unlock": CONNECTION,
    "upgrade": CONNECTION,
    "validate": None,
}


ELSEWHERE = {"init": "tests/cli/test_init.py"}
"""Commands that need a folder of their own to run in, and the tests that run them there."""


def whole(command: Command) -> bool:
    """Whether a sentence has all of it: nothing is left to the reader, no option of the shell's own."""
    given = " ".join(command.words)
    return "…" not in given and "completion" not in given and documented.parses(command.words)


def every() -> list[Command]:
    """Return the commands of all blocks, and those of sentences that are whole; each once."""
    commands = [*documented.in_blocks(), *(command for command in documented.in_sentences() if whole(command))]
    return list({command.words: command for command in commands if command.path not in ELSEWHERE}.values())


def test_every_documented_command_is_known() -> None:
    """A command that README or docs/ name is one of the command line, with its options, and stands in the table."""
    named = [*documented.in_blocks(), *documented.in_sentences()]
    assert len(named) > 40
    assert [str(command) for command in named if command.path not in ALONE] == []
    assert [str(command) for command in named if not command.path and not command.words[0].startswith("--")] == []
    assert [f"{command}: {wrong}" for command in named if (wrong := documented.options(command.words))] == []
    assert set(ALONE) - {command.path for command in named} == set()
    for path, tests in (*ELSEWHERE.items(), *documented.FOLLOWED.items()):
        assert Path(path).stem in (ROOT / tests).read_text(), f"{path} is run by {tests}"


@pytest.mark.parametrize("command", every(), ids=lambda command: " ".join(command.words)[:60])
def test_a_documented_command_says_what_it_needs(terminal: Terminal, command: Command) -> None:
    """One message with what to do, exit code 1, nothing left behind at home; what needs nothing runs."""
    mine = ROOT / "include" / "policies" / "cleanup.yml"
    words = [str(mine) if word == "my_cleanup.yml" else word for word in command.words]
    done = terminal(*words).clean()
    expected = ALONE[command.path]
    if expected is None or command.words[-1] == "--help":
        assert done.code == 0, str(done)
        assert done.out
        return
    assert done.code == 1, str(done)
    assert done.err.count(expected) == 1, str(done)
    assert done.err.count(MAKE_UP) == 1, str(done)
    assert list(terminal.home.iterdir()) == []


@pytest.mark.parametrize("target", sorted(documented.make_targets()))
def test_a_documented_target_is_one(target: str) -> None:
    """`make` knows every target that is documented."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", sorted(documented.modules()))
def test_a_documented_module_runs(terminal: Terminal, module: str) -> None:
    """`python -m` runs every module that is documented, and it has a help."""
    done = terminal("--help", program=(sys.executable, "-m", module), more={"PYTHONPATH": str(ROOT)})
    assert done.code == 0, str(done)
    assert "usage" in done.out.lower()
