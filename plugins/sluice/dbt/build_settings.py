"""What a build depends on beside the project's code, which `state:modified` does not compare: kept, and compared here.

dbt compares neither the `vars` of dbt_project.yml nor the values of environment variables, and of a seed above one MiB
only its path (docs.getdbt.com, "Caveats to state comparison").
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from sluice.dbt.invoke import Invocation
from sluice.dbt.project import PROJECT_FILE, Project, package_folders, read_project

_FORMAT = "format"
_LARGE = 1 << 20
"""Bytes from which dbt compares a seed's path instead of its content."""
_ENV_VAR = re.compile(r"env_var\(\s*['\"](\w+)['\"]")
_TEXTS = frozenset({".sql", ".yml", ".yaml", ".py", ".md"})


def build_settings(call: Invocation) -> dict[str, object]:
    """Return what this build depends on beside its code; of environment variables and seeds the hashes alone."""
    project = read_project(call.project)
    projects = {"": project, **{folder.name: read_project(folder) for folder in _packages(project)}}
    return {
        _FORMAT: 2,
        "variables of the environment's spec": _plain(call.variables),
        "vars of dbt_project.yml": {name: _vars(each.folder) for name, each in projects.items()},
        "environment variables": {name: _hash(os.environ.get(name)) for name in sorted(_names(projects.values()))},
        "target": {"name": call.target.name, "schema": call.target.schema},
        "seeds": {path: _hash_of_file(project.folder / path) for path in sorted(_large_seeds(project))},
    }


def changed_settings(before: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, ...]:
    """Return what has another value than when live was built, seeds apart; any of it can change every node."""
    if _FORMAT not in before:  # kept by a version that kept the spec's variables alone
        return () if before == now["variables of the environment's spec"] else ("variables of the environment's spec",)
    return tuple(name for name in now if name not in {_FORMAT, "seeds"} and before.get(name) != now[name])


def changed_seeds(before: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths of large seeds whose content is another than when live was built; unknown ones are."""
    former, present = before.get("seeds"), now["seeds"]
    known = former if isinstance(former, Mapping) else {}
    return tuple(p for p, digest in present.items() if known.get(p) != digest) if isinstance(present, Mapping) else ()


def _packages(project: Project) -> list[Path]:
    return [
        folder for folder in package_folders(project.folder / project.packages) if (folder / PROJECT_FILE).is_file()
    ]


def _vars(folder: Path) -> object:
    content = yaml.safe_load((folder / PROJECT_FILE).read_text("utf-8"))
    return _plain(content.get("vars")) if isinstance(content, dict) else None


def _names(projects: Iterable[Project]) -> set[str]:
    names: set[str] = set()
    for project in projects:
        for relative, content in project.files():
            if Path(relative).suffix in _TEXTS:
                names |= set(_ENV_VAR.findall(content.decode("utf-8", "replace")))
    return names


def _large_seeds(project: Project) -> Iterator[str]:
    for folder in project.inputs:
        for path in (project.folder / folder).rglob("*.csv"):
            if path.stat().st_size >= _LARGE:
                yield path.relative_to(project.folder).as_posix()


def _plain(value: object) -> object:
    return json.loads(json.dumps(value, sort_keys=True, default=str))


def _hash(value: str | None) -> str | None:
    """The value may be a secret: its hash is enough to see a change."""
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()


def _hash_of_file(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
