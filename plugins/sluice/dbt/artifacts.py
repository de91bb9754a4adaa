"""dbt's artifacts: read for deployments, and stored for later."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upath import UPath

from sluice.dbt.runner import FAILED
from sluice.domain.promotion.model_diff import Node
from sluice.errors import StopError

KEPT = ("manifest.json", "run_results.json", "catalog.json", "sources.json")
"""What dbt writes and people come back for."""

_OF_DATA = re.compile(r"\b1\d{5} \(\w{5}\)")
"""A number of Snowflake's from 100,000 on: the statement compiled, and failed on a value."""
_VALUE = re.compile(r"'[^']*'")


@dataclass(frozen=True, slots=True)
class Result:
    """How one node ended."""

    id: str
    status: str
    seconds: float
    message: str

    @property
    def failed(self) -> bool:
        """Whether the node ended badly."""
        return self.status in FAILED

    @property
    def tested(self) -> bool:
        """Whether the node is a test that ran."""
        return self.id.startswith(("test.", "unit_test.")) and self.status != "skipped"

    @property
    def built(self) -> bool:
        """Whether the node makes a relation and was built."""
        return self.id.startswith(("model.", "seed.", "snapshot.")) and self.status == "success"


def nodes(manifest: Path | UPath) -> dict[str, Node]:
    """Return the enabled nodes of a manifest by id."""
    content = _read(manifest)
    return {key: _node(key, value) for key, value in content["nodes"].items()}


def has_freshness(manifest: Path) -> bool:
    """Tell whether any source of the manifest says how fresh it must be."""
    sources = _read(manifest)["sources"].values()
    return any(_limits(source.get("freshness") or {}) for source in sources)


def results(path: Path) -> tuple[Result, ...]:
    """Return how the nodes of the last run ended."""
    found = _read(path)["results"] if path.is_file() else []
    return tuple(
        Result(one["unique_id"], one["status"], float(one.get("execution_time") or 0), _line(one.get("message")))
        for one in found
    )


def freshness(path: Path) -> tuple[tuple[str, str], ...]:
    """Return each source of the last freshness run with how it stands."""
    return tuple((str(one["unique_id"]), str(one["status"])) for one in _read(path)["results"])


def written(target: Path) -> list[Path]:
    """Return the artifacts that dbt has written to its target path."""
    return [target / name for name in KEPT if (target / name).is_file()]


def keep(store: UPath, environment: str, deployment: str, files: Iterable[Path]) -> dict[str, str]:
    """Store these files for this deployment and return the path of each."""
    home = deployment_home(store, environment, deployment)
    home.mkdir(parents=True, exist_ok=True)
    links = {}
    for path in files:
        if path.is_file():
            (home / path.name).write_bytes(path.read_bytes())
            links[path.name] = str(home / path.name)
    return links


def fetch(store: UPath, environment: str, deployment: str, name: str, into: Path) -> Path | None:
    """Return a local copy of a stored artifact, in this folder; None when there is none of that name."""
    try:
        content = (deployment_home(store, environment, deployment) / name).read_bytes()
    except FileNotFoundError:
        return None
    into.mkdir(parents=True, exist_ok=True)
    (into / name).write_bytes(content)
    return into / name


def moved(manifest: Path, into: Path, live: str) -> Path:
    """Return a folder with the manifest as if it had been built in `live`, and not in a candidate that took its name.

    dbt defers to relations by the names of the manifest, and a candidate's name is gone after its cut-over.
    """
    content = _read(manifest)
    for node in (*content["nodes"].values(), *content.get("disabled", {}).values()):
        for one in node if isinstance(node, list) else [node]:
            built = str(one.get("database") or "")
            if built.startswith(f"{live}__C_"):
                one["relation_name"] = str(one.get("relation_name") or "").replace(built, live, 1) or None
                one["database"] = live
    into.mkdir(parents=True, exist_ok=True)
    (into / "manifest.json").write_text(json.dumps(content))
    return into


def deployment_home(store: UPath, environment: str, deployment: str) -> UPath:
    """Return the folder of a deployment's artifacts."""
    return store / "artifacts" / environment / deployment


def _node(key: str, value: Mapping[str, Any]) -> Node:
    config = value.get("config") or {}
    meta = config.get("meta") or {}
    weight = meta.get("weight", 1.0)
    return Node(
        id=key,
        kind=str(value["resource_type"]),
        schema=str(value.get("schema") or ""),
        name=str(value.get("alias") or value["name"]),
        materialized=str(config.get("materialized") or value["resource_type"]),
        severity=str(config.get("severity") or "error").lower(),
        tags=tuple(config.get("tags") or ()),
        weight=float(weight) if isinstance(weight, int | float) and weight >= 0 else 1.0,
        rendered=value.get("relation_name"),
    )


def _limits(freshness: Mapping[str, Any]) -> bool:
    return any((freshness.get(key) or {}).get("count") for key in ("warn_after", "error_after"))


def _line(message: object) -> str:
    """Dbt's message in one line; what Snowflake says of data is said without the data."""
    text = " ".join(str(message or "").split())
    return (_VALUE.sub("'…'", text) if _OF_DATA.search(text) else text)[:300]


def _read(path: Path | UPath) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise StopError(f"dbt's {path.name} cannot be read: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise StopError(f"dbt's {path.name} is not an artifact", where=str(path))
    return content
