"""A dbt project as found on disk: its name, the profile it asks for, the files that make it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.domain.releases import is_released
from sluice.errors import SpecError

REF_OVERRIDE = """\
{% macro ref() %}
  {%- set relation = builtins.ref(*varargs, **kwargs) -%}
  {%- if relation.database | replace('"', '') | lower == target.database | replace('"', '') | lower -%}
    {{ return(relation.include(database=false)) }}
  {%- endif -%}
  {{ return(relation) }}
{% endmacro %}
"""
"""What a project needs in `macros/ref.sql` so that its views follow their database through a swap."""

_REF_MACRO = re.compile(r"\{%-?\s*macro\s+ref\s*\(")


@dataclass(frozen=True, slots=True)
class Project:
    """The facts of a project that sluice needs before dbt has parsed it."""

    folder: Path
    name: str
    profile: str
    output: frozenset[str]
    """Top-level folders that dbt itself writes: never part of a release."""
    macros: tuple[str, ...] = ("macros",)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield relative path and bytes of every file that belongs to a release, in the order of the paths."""
        for path in sorted(_walk(self.folder)):
            relative = path.relative_to(self.folder).as_posix()
            if is_released(relative, self.output):
                yield relative, path.read_bytes()

    def overrides_ref(self) -> bool:
        """Tell whether the project's own macros replace `ref`, as a project that is swapped must."""
        files = (path for folder in self.macros for path in (self.folder / folder).rglob("*.sql"))
        return any(_REF_MACRO.search(path.read_text("utf-8")) for path in files)


def read_project(folder: Path) -> Project:
    """Return the project in this folder; a folder without a readable `dbt_project.yml` is refused by name."""
    path = folder / "dbt_project.yml"
    if not path.is_file():
        raise SpecError("no dbt project here", where=str(path), good="a folder with dbt_project.yml")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise SpecError("a dbt project has a name", where=f"{path}: name", value=content, good="name: olist_analytics")
    output = {str(content.get(key, default)) for key, default in (("target-path", "target"), ("log-path", "logs"))}
    return Project(
        folder=folder,
        name=content["name"],
        profile=str(content.get("profile") or content["name"]),
        output=frozenset(folder.split("/")[0] for folder in output),
        macros=tuple(str(folder) for folder in content.get("macro-paths") or ("macros",)),
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below, through links (dbt links local packages), each folder once, no virtual environments."""
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or "pyvenv.cfg" in files:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root) / name for name in files)
