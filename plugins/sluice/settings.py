"""Where sluice finds its files: read from the environment by a function, never at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sluice.errors import SpecError


@dataclass(frozen=True, slots=True)
class Settings:
    """The folders a process works with."""

    root: Path
    """The Astro-style project: holds dags/, plugins/, include/."""
    environments: Path
    """Folder of environment specs, one YAML file each."""
    policies: Path
    """Folder of gates and checks."""
    project: Path
    """The working dbt project: what `refresh_dev` builds and makes a release of; see `dbt_project`."""
    store: str
    """Where releases and artifacts are kept: a folder or any URL of Airflow's object storage."""
    off_hours: bool = True
    """Whether environments are closed outside their hours; where not, what is closed is opened by the next check."""
    gate_seconds: int = 300
    """How often a run that waits at its gate looks: each look wakes sluice's own warehouse, which bills a minute."""


def settings() -> Settings:
    """Return the settings of this process: `SLUICE_*` variables over the project's own folders."""
    root = Path(os.environ.get("SLUICE_ROOT") or _root())
    include = root / "include"
    return Settings(
        root=root,
        environments=Path(os.environ.get("SLUICE_ENVIRONMENTS") or include / "environments"),
        policies=Path(os.environ.get("SLUICE_POLICIES") or include / "policies"),
        project=Path(os.environ.get("SLUICE_DBT_PROJECT") or dbt_project(root)),
        store=os.environ.get("SLUICE_STORE") or f"file://{root / 'build' / 'store'}",
        off_hours=os.environ.get("SLUICE_OFF_HOURS", "yes").lower() not in {"no", "off", "false", "0"},
        gate_seconds=_seconds("SLUICE_GATE_SECONDS", 300),
    )


def dbt_project(root: Path) -> Path:
    """Return the folder of the dbt project that belongs to a root: below include/dbt, in the root, or one level below.

    Where there is none, or several, it is include/dbt, which is none: `SLUICE_DBT_PROJECT` has to say which is meant.
    """
    found = dbt_projects(root)
    return found[0] if len(found) == 1 else root / "include" / "dbt"


def dbt_projects(root: Path) -> list[Path]:
    """Return the folders of dbt projects at the first of these places that has any: include/dbt/*, the root, */."""
    for pattern in ("include/dbt/*/dbt_project.yml", "dbt_project.yml", "[!.]*/dbt_project.yml"):
        found = sorted(path.parent for path in root.glob(pattern))
        if found:
            return found
    return []


def _seconds(name: str, otherwise: int) -> int:
    said = os.environ.get(name) or str(otherwise)
    if not (said.isdecimal() and int(said) > 0):
        raise SpecError("not a number of seconds", where=name, value=said, good=str(otherwise), untouched="everything")
    return int(said)


def _root() -> Path:
    for folder in [Path.cwd(), *Path(__file__).resolve().parents]:
        if (folder / "include" / "environments").is_dir():
            return folder
    raise SpecError(
        "no folder with include/environments was found here or above",
        where="SLUICE_ROOT",
        value=str(Path.cwd()),
        good="SLUICE_ROOT=/usr/local/airflow, or, where there is none yet, sluice init beside a dbt project",
        untouched="everything",
    )
