"""A copy of what ships in include/, to be spoilt, and what a check finds in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml

from sluice.domain.findings import Finding
from sluice.operations.validation.environment_check import environment_findings
from sluice.settings import Settings

SHIPPED = Path(__file__).resolve().parents[2] / "include"
Change = Callable[[dict], object]  # type: ignore[type-arg]  # a file's content, changed in place


def copied(root: Path) -> Path:
    """A copy of the shipped files to spoil, with the DAG files beside it."""
    for folder in ("environments", "policies"):
        shutil.copytree(SHIPPED / folder, root / "include" / folder)
    shutil.copytree(SHIPPED.parent / "dags", root / "dags")
    return root / "include"


def settings(include: Path) -> Settings:
    """What a process works with whose files these are."""
    return Settings(include.parent, include / "environments", include / "policies", include / "no_project", "file:///x")


def write(include: Path, file: str, change: Change) -> None:
    """Change one file."""
    path = include / file
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True))


def further(include: Path, name: str, of: str, upstream: str | None, change: Change = lambda _: None) -> None:
    """A further environment, made of another's file as people make them."""
    content = yaml.safe_load((include / "environments" / f"{of}.yml").read_text())
    old, new = content["name"].upper(), name.upper()
    content |= {"name": name, "connection": f"snowflake_{name}", "upstream": upstream}
    content["database"]["name"] = content["database"]["name"].replace(old, new)
    content["warehouse"]["name"] = content["warehouse"]["name"].replace(old, new)
    for key in ("role", "user"):
        content["access"][key] = content["access"][key].replace(old, new)
    content["access"]["readers"] = [f"OLIST_{new}_READER"]
    content["dbt"]["target"] = name
    change(content)
    (include / "environments" / f"{name}.yml").write_text(yaml.safe_dump(content))


def found(include: Path) -> list[Finding]:
    """What is found, files being named from here."""
    return [
        replace(finding, where=finding.where.replace(f"{include}/", ""))
        for finding in environment_findings(settings(include))
    ]
