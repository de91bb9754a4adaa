"""Starting: what is imported, how the command is named in each way of installing, usage, completion, screens."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import sluice
from tests.terminal import ROOT, SLUICE, Terminal

CLI = ROOT / "plugins" / "sluice" / "cli"
HEAVY = ("airflow", "snowflake.connector", "pandas", "dbt")


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY),
        (["--version"], HEAVY),
        (["env", "create", "--help"], HEAVY),
        (["budget", "--help"], HEAVY),
        (["promote", "prod"], HEAVY),
        (["validate"], ("airflow",)),
        (["status"], ("airflow", "dbt")),
    ],
)
def test_nothing_heavy_is_imported_for_what_does_not_need_it(
    terminal: Terminal, words: list[str], heavy: tuple[str, ...]
) -> None:
    """Help, version and what only asks Airflow's API start without connector, pandas, Airflow and dbt."""
    program = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('HEAVY', [m for m in {heavy!r} if m in sys.modules], file=sys.stderr))\n"
        "from sluice.cli import main\nmain()"
    )
    done = terminal(*words, program=(sys.executable, "-c", program))
    assert done.err.splitlines()[-1] == "HEAVY []", str(done)


def airflow_imports(path: Path) -> list[str]:
    """Return where a module imports Airflow, or what of ours does, and whether at its top."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(re.match(r"(airflow|sluice\.airflow)\b", name) for name in names):
            found.append(f"{path.stem}{'' if id(node) in inside else ' at its top'}")
    return found


def test_only_one_module_imports_airflow_and_not_at_its_top() -> None:
    """Airflow reads its configuration when it is imported: after the stack beside was found, in one place."""
    assert {found for path in CLI.glob("*.py") for found in airflow_imports(path)} == {"connections"}


def test_the_command_and_the_module_are_the_same(terminal: Terminal) -> None:
    """`sluice` and `python -m sluice` print the package's version; so does `sluice.__version__`."""
    assert terminal("--version").out == f"sluice {sluice.__version__}\n"
    assert terminal("--version", program=(sys.executable, "-m", "sluice")).out == f"sluice {sluice.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", sluice.__version__)


def test_folders_in_an_airflow_home_suffice(tmp_path: Path) -> None:
    """With plugins/ and include/ alone, without the package's metadata, `PYTHONPATH=plugins python -m sluice` works."""
    home = Terminal(tmp_path)
    for name in ("plugins", "include", "Makefile", "dags"):
        (home.root / name).unlink()
    for name in ("plugins/sluice", "include", "dags"):
        shutil.copytree(ROOT / name, home.root / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    where = "import sluice; print(sluice.__file__)"
    set_up = {"PYTHONPATH": "plugins", "SLUICE_ROOT": ""}
    assert home(program=(sys.executable, "-c", where), more=set_up).out.startswith(str(home.root))
    version = home("--version", program=(sys.executable, "-m", "sluice"), more=set_up)
    assert version.out == f"sluice {sluice.__version__}\n", str(version)
    checked = home("validate", program=(sys.executable, "-m", "sluice"), more=set_up)
    assert checked.code == 0, str(checked)
    assert "prod" in checked.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["stauts"], "Did you mean 'status'"),
        (["history"], "Missing argument"),
        (["history", "prod", "--limit", "0"], "--limit"),
        (["rollback", "prod"], "Missing option '--reason'"),
        (["env", "create"], "--from-branch"),
        (["access", "grant", "prod", "--reason", "on call"], "--user"),
    ],
)
def test_wrong_usage_is_exit_code_2(terminal: Terminal, words: list[str], says: str) -> None:
    """What is missing or unknown is named, and nothing is asked of any account."""
    done = terminal(*words).clean()
    assert done.code == 2, str(done)
    assert says in " ".join(done.err.split()), str(done)


def test_completion_knows_commands_and_environments(terminal: Terminal) -> None:
    """The shell completes commands, options and the names of include/environments; the script can be installed."""
    shell = ("bash", "-c", f'"{SLUICE}" "$@"; exit $?', "bash")
    shown = terminal("--show-completion", program=shell)
    assert "_SLUICE_COMPLETE=complete_bash" in shown.out, str(shown)
    installed = terminal("--install-completion", program=shell)
    assert installed.code == 0, str(installed)
    assert any("sluice" in path.read_text() for path in terminal.home.rglob("*sluice*") if path.is_file())
    for line, number, words in (
        ("sluice pro", 1, ["promote", "provision"]),
        ("sluice promote ", 2, ["dev", "prod", "staging"]),
        ("sluice promote st", 2, ["staging"]),
        ("sluice explain ", 2, ["promote", "provision"]),
    ):
        done = terminal(more={"_SLUICE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(number)})
        assert sorted(done.out.split()) == words, str(done)


@pytest.mark.parametrize("words", [["--help"], ["status"], ["nonsense"]])
def test_no_color_leaves_no_escapes(terminal: Terminal, words: list[str]) -> None:
    """Neither in a pipe of a build server that asks for colours, nor on a screen."""
    for variables in ({}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"NO_COLOR": "1", "GITHUB_ACTIONS": "true"}):
        terminal(*words, more=variables).clean()
    _, screen = terminal.on_a_screen(*words, columns=100, more={"NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*m", screen)


@pytest.mark.parametrize("words", [["--help"], ["status"], ["validate"], ["env", "list"]])
def test_a_narrow_screen_is_wide_enough(terminal: Terminal, words: list[str]) -> None:
    """At sixty columns nothing breaks, and no line of a table is longer."""
    _, screen = terminal.on_a_screen(*words, columns=60, more={"NO_COLOR": "1"})
    assert "Traceback" not in screen
    assert [line for line in screen.splitlines() if line[:1] in {*"│┃╭┏└"} and len(line) > 60] == []


def test_whoever_reads_has_seen_enough(terminal: Terminal) -> None:
    """A closed pipe ends a command in silence."""
    command = f'"{SLUICE}" status --json | head -1; exit ${{PIPESTATUS[0]}}'
    done = terminal(program=("bash", "-c", command))
    assert done.out.strip() == "["
    assert "Traceback" not in done.err
    assert "Broken pipe" not in done.err


def broken(body: str) -> tuple[str, ...]:
    """Return the program with one more command, which does this."""
    program = f"from sluice.cli import app, main\n\n@app.command()\ndef broken() -> None:\n    {body}\n\nmain()"
    return (sys.executable, "-c", program)


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("1 / 0", 1, "unexpected ZeroDivisionError: division by zero"),
        ("open('/nowhere/at/all')", 1, "/nowhere/at/all: No such file or directory"),
        ("raise KeyboardInterrupt", 130, "interrupted"),
        ("from sluice.errors import StopError; raise StopError('look', where='prod')", 1, "prod: look"),
    ],
)
def test_whatever_goes_wrong_is_one_message(terminal: Terminal, body: str, code: int, says: str) -> None:
    """Also what nobody expected: no traceback, unless somebody asks for it."""
    done = terminal("broken", program=broken(body)).clean()
    assert done.code == code, str(done)
    assert done.err.startswith(says), str(done)
    assert done.out == ""


def test_a_traceback_is_there_for_whoever_asks(terminal: Terminal) -> None:
    """SLUICE_TRACEBACK=1 shows where something unexpected happened."""
    done = terminal("broken", program=broken("1 / 0"), more={"SLUICE_TRACEBACK": "1"})
    assert done.code == 1
    assert "Traceback" in done.err


def test_a_container_without_a_user_name_has_a_command_line(terminal: Terminal) -> None:
    """Where the system has no name for who runs it, as in an image with a user id of its own, commands run."""
    nameless = (
        "import getpass\n"
        "def nobody() -> str:\n    raise KeyError('getpwuid(): uid not found: 50123')\n"
        "getpass.getuser = nobody\n"
        "from sluice.cli import main\nmain()"
    )
    for words in (("--version",), ("env", "create", "smoke"), ("dbt", "dev", "ls")):
        done = terminal(*words, program=(sys.executable, "-c", nameless)).clean()
        assert "unexpected" not in done.err, str(done)


def test_json_is_the_only_thing_on_stdout(terminal: Terminal) -> None:
    """What goes wrong beside it is on stderr, and in the document."""
    done = terminal("status", "--json").clean()
    assert done.code == 1
    assert [state["environment"] for state in json.loads(done.out)] == ["dev", "staging", "prod"]
    assert all(state["problem"] for state in json.loads(done.out))
