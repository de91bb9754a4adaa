"""A dbt project as found on disk: its name, the profile it asks for, the files that make it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from sluice.domain.releases.release import is_released
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

SCHEMA_OVERRIDE = """\
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set developer = (var('developer', '') ~ '_') | upper if var('developer', '') else '' -%}
  {%- set name = (custom_schema_name or target.schema) | trim | upper -%}
  {{ name if name.startswith(developer) else developer ~ name }}
{%- endmacro %}
"""
"""Schemas named as the models say, and by hand with the developer's name in front: `sluice dbt dev build`."""

PROJECT_FILE, LOCK_FILE = "dbt_project.yml", "package-lock.yml"
PACKAGE_FILES = ("packages.yml", "dependencies.yml")
ROOT_FILES = (PROJECT_FILE, *PACKAGE_FILES, LOCK_FILE, "selectors.yml", "catalogs.yml", ".dbtignore")
"""What dbt reads in a project's own folder; `profiles.yml` holds a person's credentials and is never taken."""

_REF_MACRO = re.compile(r"\{%-?\s*macro\s+ref\s*\(")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_KEY_LINE = 64
"""Bytes in which a private key says that it is one."""
_PRIVATE_KEY = re.compile(rb"\s*(-----BEGIN [A-Z ]*PRIVATE KEY|PuTTY-User-Key-File)")
_ENV_VAR = re.compile(
    r"\{\{-?\s*env_var\(\s*(['\"])(?P<name>\w+)\1\s*(?:,\s*(['\"])(?P<default>.*?)\3\s*)?\)\s*(?:\|\s*\w+\s*)*-?\}\}"
)
_INPUTS: Mapping[str, tuple[str, str]] = {
    "model-paths": ("source-paths", "models"),
    "seed-paths": ("data-paths", "seeds"),
    "snapshot-paths": ("", "snapshots"),
    "analysis-paths": ("", "analyses"),
    "macro-paths": ("", "macros"),
    "test-paths": ("", "tests"),
    "function-paths": ("", "functions"),
    "docs-paths": ("", ""),
    "asset-paths": ("", ""),
}
"""The folders dbt reads, by their key: the key's former name, and dbt's default."""


@dataclass(frozen=True, slots=True)
class Project:
    """The facts of a project that sluice needs before dbt has parsed it."""

    folder: Path
    name: str
    profile: str
    output: frozenset[str]
    """Top-level folders that dbt itself writes: never part of a release."""
    inputs: tuple[str, ...]
    """The folders that dbt reads."""
    macros: tuple[str, ...] = ("macros",)
    packages: str = "dbt_packages"
    """The folder that `dbt deps` installs to."""

    def files(self, installed: Path | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of every file that belongs to a release, in the order of the paths.

        These are the files that dbt reads, and of each package the same. With `installed`, a project's folder, packages
        and lock file are taken from there.
        """
        home = installed or self.folder
        own = {relative: path for relative, path in self._own() if installed is None or relative != LOCK_FILE}
        if installed is not None and (home / LOCK_FILE).is_file():
            own[LOCK_FILE] = home / LOCK_FILE
        for package in package_folders(home / self.packages):
            own |= {
                f"{self.packages}/{package.name}/{name}": path for name, path in read_project(package)._own(linked=True)
            }
        for relative in sorted(own):
            yield relative, own[relative].read_bytes()

    def overrides_ref(self) -> bool:
        """Tell whether the project's own macros replace `ref`, as a project that is swapped must."""
        files = (path for folder in self.macros for path in (self.folder / folder).rglob("*.sql"))
        return any(_REF_MACRO.search(_COMMENT.sub("", path.read_text("utf-8"))) for path in files)

    def _own(self, *, linked: bool = False) -> Iterator[tuple[str, Path]]:
        """Yield relative path and place of the project's own files, packages apart.

        `linked`: of a package, which dbt has made of links to where a local one lies.
        """
        for path in (self.folder / name for name in ROOT_FILES if (self.folder / name).is_file()):
            self._refuse_foreign(path, linked=linked)
            yield path.name, path
        for folder in self.inputs:
            for path in _walk(self.folder / folder):
                relative = path.relative_to(self.folder).as_posix()
                if is_released(relative, self.output | {self.packages.split("/")[0]}):
                    self._refuse_foreign(path, linked=linked)
                    yield relative, path

    def _refuse_foreign(self, path: Path, *, linked: bool) -> None:
        """A release is stored where others read it: it holds no file from elsewhere, and no key.

        Raises:
            SpecError: the file is a link that leads out of the project, or begins as a private key does.
        """
        if not linked and not path.resolve().is_relative_to(self.folder.resolve()):
            raise SpecError(
                "this link leads out of the project, so its content is not the project's to release",
                where=str(path),
                value=str(path.resolve()),
                good="the file itself, or a local package in packages.yml",
                untouched="everything",
            )
        with path.open("rb") as content:
            begins = content.read(_KEY_LINE)
        if _PRIVATE_KEY.match(begins):
            raise SpecError(
                "this file is a private key, and releases are stored where others read them",
                where=str(path),
                good="an Airflow connection, or a folder outside of the project",
                untouched="everything",
            )


def read_project(folder: Path) -> Project:
    """Return the project in this folder; a folder without a readable `dbt_project.yml` is refused by name."""
    path = folder / PROJECT_FILE
    if not path.is_file():
        raise SpecError(
            "no dbt project here",
            where=str(path),
            good="SLUICE_DBT_PROJECT=/path/to/the/project, the folder with dbt_project.yml",
            untouched="everything",
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise SpecError("a dbt project has a name", where=f"{path}: name", value=content, good="name: my_project")
    output = {_text(content, key, default, path) for key, default in (("target-path", "target"), ("log-path", "logs"))}
    return Project(
        folder=folder,
        name=content["name"],
        profile=_text(content, "profile", content["name"], path),
        output=frozenset(name.split("/")[0] for name in output),
        inputs=_inputs(content, path),
        macros=_folders(content, "macro-paths", path) or ("macros",),
        packages=_within(_text(content, "packages-install-path", "dbt_packages", path), "packages-install-path", path),
    )


def package_folders(installed: Path) -> list[Path]:
    """Return the folders in which dbt finds an installed package each, in the order of their names."""
    if not installed.is_dir():
        return []
    return [path for path in sorted(installed.iterdir()) if path.is_dir() and not path.name.startswith(("__", "."))]


def rendered(text: str, key: str, path: Path) -> str:
    """Return a setting that sluice reads itself with its `env_var()` filled in; other Jinja is refused by name."""
    plain = _ENV_VAR.sub(lambda match: os.environ.get(match["name"], match["default"] or ""), text)
    if "{{" in plain or "{%" in plain or not plain.strip():
        raise SpecError(
            "sluice reads this setting before dbt does, and understands plain text and env_var() with a value here",
            where=f"{path}: {key}",
            value=text,
            good="target, or {{ env_var('DBT_TARGET_PATH', 'target') }}",
            untouched="everything",
        )
    return plain.strip()


def _text(content: Mapping[str, object], key: str, default: str, path: Path) -> str:
    return rendered(str(content.get(key) or default), key, path)


def _inputs(content: Mapping[str, object], path: Path) -> tuple[str, ...]:
    folders: dict[str, None] = {}
    for key, (former, default) in _INPUTS.items():
        named = _folders(content, key, path) or (_folders(content, former, path) if former else ())
        for folder in named or ([default] if default else []):
            folders[_within(folder, key, path)] = None
    return tuple(folders)


def _folders(content: Mapping[str, object], key: str, path: Path) -> tuple[str, ...]:
    value = content.get(key)
    named = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return tuple(rendered(str(folder), key, path) for folder in named)


def _within(folder: str, key: str, path: Path) -> str:
    """Return a folder of the project as a plain relative path; one outside of it is refused."""
    parts = PurePosixPath(folder)
    if parts.is_absolute() or ".." in parts.parts:
        raise SpecError(
            "this folder is not in the project's own, so no release can hold it",
            where=f"{path}: {key}",
            value=folder,
            good="a folder of the project; what several projects share is a local package in packages.yml",
            untouched="everything",
        )
    return parts.as_posix()


def _walk(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield the files below, through links (dbt links local packages), no folder within itself, no environments."""
    real = os.path.realpath(folder)
    if not folder.is_dir() or real in above or (folder / "pyvenv.cfg").exists():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__pycache__")):
            continue
        if path.is_dir():
            yield from _walk(path, above | {real})
        elif path.is_file():
            yield path
