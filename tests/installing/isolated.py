"""Python environments of their own: what lies in them, and what an Airflow process finds there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path, PurePath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SECONDS = 900
PROBE = """
import importlib, json, pkgutil, sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
import sluice
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
modules = [m.name for m in pkgutil.walk_packages(sluice.__path__, "sluice.")]
broken = {}
for name in modules:
    if not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except Exception as error:
            broken[name] = repr(error)
print("PROBE" + json.dumps({
    "code": sluice.__file__,
    "plugins": [str(p.source) for p in plugins if p.name == "sluice"],
    "plugin_errors": errors,
    "dags": sorted(bag.dag_ids),
    "dag_errors": bag.import_errors,
    "modules": modules,
    "broken": broken,
}))
"""
"""What an Airflow process finds in an environment: our plugin, the DAGs of a folder, and each module of ours."""


@dataclass(frozen=True)
class Environment:
    """A Python environment of its own, and a home without anything of this machine's user."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where its packages lie."""
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def run(self, *command: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program of it, or any other, as one who has nothing but this environment: no Airflow is configured."""
        program = self.folder / "bin" / command[0]
        return subprocess.run(
            [str(program if program.exists() else command[0]), *map(str, command[1:])],
            cwd=cwd or self.home,
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.home),
                **more,
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def probe(self, dags: Path, **more: str) -> dict[str, Any]:
        """Return what an Airflow process finds in it, the DAGs of this folder among it."""
        airflow = {"AIRFLOW_HOME": str(self.home / "its_airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        done = self.run("python", "-c", PROBE, dags, cwd=None, **airflow, **more)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.split("PROBE")[1])
        return found

    def start_project(self, folder: Path) -> None:
        """Have `sluice init` write what is needed beside the dbt project in this folder, and `sluice validate` pass."""
        words = ["init", "--yes", "--approvers", "alice, bob"]
        for command in (words, ["validate", "--strict"]):
            done = self.run("python", "-m", "sluice", *command, cwd=folder)
            assert done.returncode == 0, done.stdout + done.stderr
        assert "prod (production)" in done.stdout

    def install(self, *arguments: str | Path) -> None:
        """Install packages into it: with uv where there is uv, else with pip."""
        command = installer(self, "install", "--quiet", *map(str, arguments))
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr

    def check(self) -> str:
        """Return what pip, or uv, says about requirements that are not met: nothing, where all are."""
        command = installer(self, "check")
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def versions(self) -> dict[str, str]:
        """Return the packages that lie in it."""
        found = (Distribution.at(path) for path in self.packages.glob("*.dist-info"))
        return {canonicalize_name(one.metadata["Name"]): one.version for one in found}


def installer(environment: Environment, verb: str, *more: str) -> list[str]:
    """Return the command of uv, or of pip where there is no uv, for an environment."""
    if uv := shutil.which("uv"):
        return [uv, "pip", verb, "--python", str(environment.python), *more]
    return [str(environment.python), "-m", "pip", verb, "--disable-pip-version-check", *more]


def new_environment(folder: Path) -> Environment:
    """Return an empty environment of this Python."""
    home = folder / "home"
    home.mkdir(parents=True)
    made = Environment(folder / "venv", home)
    venv.create(made.folder, symlinks=True, with_pip=shutil.which("uv") is None)
    return made


def closure(*requirements: str) -> set[str]:
    """Return the installed packages that requirements ask for, and all that these ask for, here and now."""
    wanted = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        one = wanted.pop()
        key = (str(canonicalize_name(one.name)), frozenset(one.extras))
        if key in seen:
            continue
        try:
            needs = [Requirement(text) for text in distribution(one.name).requires or ()]
        except PackageNotFoundError:
            continue  # of another system or Python, by a marker of its own
        seen.add(key)
        asked = [{"extra": extra} for extra in ("", *one.extras)]
        wanted += [need for need in needs if need.marker is None or any(map(need.marker.evaluate, asked))]
    return {name for name, _ in seen}


def project(folder: str = ".") -> dict[str, Any]:
    """Return the table [project] of a folder's pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return table


def borrow(environment: Environment, packages: set[str]) -> None:
    """Lay links into the environment to what these packages have in the one that runs the tests, and to nothing else.

    A folder is linked whole where no other package has a file in it; in those that are shared, each part by itself.
    """
    shared: set[PurePath] = {PurePath()}
    for found in distributions():
        if canonicalize_name(found.metadata["Name"]) not in packages:
            shared.update(parent for file in found.files or () for parent in file.parents)
    for name in packages:
        found = distribution(name)
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if ".." in file.parts or not source.exists():
                continue  # a program: each is made for the interpreter of its own environment
            parts = [one for one in reversed(file.parents) if one not in shared and one.suffix != ".dist-info"]
            part = parts[0] if parts else PurePath(file)  # uv takes no folder of metadata that is a link
            target = environment.packages / part
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(str(found.locate_file(part)))
