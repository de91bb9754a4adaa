"""Other people's clients, each in an environment of its own that `make suites` sets up, and an account for them.

Their files are called suite_*.py, so that `make test`, which has no such environments, does not take them up.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from snowdome.pytest_plugin import Snowdome

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
QUIET = {"DO_NOT_TRACK": "1", "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def account() -> Iterator[Snowdome]:
    """An account in memory for one client, over the wire."""
    server = Snowdome()
    yield server
    server.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`run(client, program, *arguments, …)`: a program of the client's environment has run, and how it went.

    It fails the test if the program fails, unless `fails` says that it should.
    """
    home = tmp_path_factory.mktemp("home")

    def run(
        client: str, program: str, *arguments: str | Path, cwd: Path = home, fails: bool = False, **env: str
    ) -> subprocess.CompletedProcess[str]:
        binary = ROOT / "build" / "suites" / client / "bin" / program
        if not binary.exists():
            pytest.fail(f"{binary} is not there: `make suites` sets it up", pytrace=False)
        done = subprocess.run(
            [str(binary), *map(str, arguments)],
            cwd=cwd,
            env=_environment(home, env),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if (done.returncode != 0) is not fails:
            pytest.fail(f"{client}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done

    return run


def _environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of this machine's own settings, the project's import path included."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    return {**kept, **QUIET, "HOME": str(home), **more}
