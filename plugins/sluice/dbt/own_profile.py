"""A person's own profiles.yml, read for names: accounts, databases, outputs; no secret is looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.dbt.project import Project, rendered
from sluice.errors import SpecError

_KINDS = (
    ("dev", "development"),
    ("staging", "stage", "stg", "qa", "uat", "test"),
    ("prod", "production", "prd"),
)
"""How outputs for development, staging and production are called."""


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """What a profile says of where the project is built today."""

    account: str = ""
    databases: tuple[str, ...] = ()
    """Upper case; that of the default target first."""
    outputs: tuple[str, ...] = ()

    def target(self, place: int, name: str) -> str:
        """Return what macros know an environment as: the output that is called so, else the environment's own name."""
        return next((output for called in _KINDS[place] for output in self.outputs if output == called), name)

    def unused(self, prefix: str) -> str:
        """Return a prefix under which no database is that is in use today: what sluice makes bears its own names."""
        taken = any(database == prefix or database.startswith(f"{prefix}_") for database in self.databases)
        return f"SLUICE_{prefix}" if taken else prefix


def own_profile(project: Project) -> OwnProfile:
    """Return what the profile of the project says, from where dbt itself looks; nothing where there is none."""
    folders = [os.environ.get("DBT_PROFILES_DIR"), str(project.folder), "~/.dbt"]
    for folder in folders:
        path = Path(folder).expanduser() / "profiles.yml" if folder else None
        if path is not None and path.is_file():
            return _read(path, project.profile)
    return OwnProfile()


def _read(path: Path, profile: str) -> OwnProfile:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return OwnProfile()
    entry = content.get(profile) if isinstance(content, dict) else None
    named = entry.get("outputs") if isinstance(entry, dict) else None
    outputs = {
        str(name): output
        for name, output in (named.items() if isinstance(named, dict) else ())
        if isinstance(output, dict) and output.get("type") == "snowflake"
    }
    first = str(entry.get("target", "")) if isinstance(entry, dict) else ""
    ordered = sorted(outputs, key=lambda name: name != first)
    databases = [text.upper() for name in ordered if (text := _text(outputs[name], "database", path))]
    accounts = [text for name in ordered if (text := _text(outputs[name], "account", path))]
    return OwnProfile(accounts[0] if accounts else "", tuple(dict.fromkeys(databases)), tuple(ordered))


def _text(output: Mapping[str, object], key: str, path: Path) -> str:
    """A setting as it is written, variables filled in; what cannot be read here is no default."""
    try:
        return rendered(str(output.get(key) or ""), key, path)
    except SpecError:
        return ""
