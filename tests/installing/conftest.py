"""The wheel of this checkout, and an environment that holds it and sees none of the checkout's own code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from isolated import ROOT, SECONDS, Environment, borrow, closure, new_environment, project

DBT_PROJECT = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "models/orders.sql": "select 1 as id, 10 as amount",
    "models/totals.sql": "select sum(amount) as amount from {{ ref('orders') }}",
}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built by the backend that pyproject.toml names, without an index."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and what the wheel requires, and nothing else.

    It proves that the wheel is whole, and its list of requirements: code, data files, entry points, each import. What
    it requires is not fetched but borrowed from the environment of the tests; `make suites` installs it from an index.
    """
    environment = new_environment(tmp_path_factory.mktemp("installed"))
    borrow(environment, closure(*project()["dependencies"]))
    environment.install("--no-deps", "--no-index", wheel)
    return environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a dbt project, and nothing of sluice's yet."""
    for name, text in DBT_PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path
