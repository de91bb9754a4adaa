"""dbt's manifest read for places: where each node would be built, what its text names, what it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sluice.domain.names import as_account_has
from sluice.domain.releases.parsed_project import ParsedNode, ParsedProject, ParsedSource
from sluice.errors import StopError

_PLACED = frozenset({"model", "seed", "snapshot", "function", "test"})
_PARTS = 3
_REF = re.compile(r"\{\{-?\s*ref\(([^()]*)\)\s*-?\}\}")
_TEXT = re.compile(r"""^\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*(?:,\s*(?:v|version)\s*=.*)?$""")


def parsed(manifest: Path) -> ParsedProject:
    """Return the project that a manifest describes; a manifest that is none is refused by name."""
    try:
        content = json.loads(manifest.read_text())
        nodes = {**content["nodes"], **content.get("functions", {})}
        spelt = _spelt([*nodes.values(), *content["sources"].values()])
        return ParsedProject(
            name=str(content["metadata"]["project_name"]),
            nodes={key: _node(key, node, spelt) for key, node in nodes.items() if node["resource_type"] in _PLACED},
            sources={key: _source(key, source, spelt) for key, source in content["sources"].items()},
            macros=frozenset(f"{macro['package_name']}.{macro['name']}" for macro in content["macros"].values()),
            operations=tuple(sorted(node["name"] for node in nodes.values() if node["resource_type"] == "operation")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StopError(f"dbt's manifest cannot be read: {error}", where=str(manifest)) from error


def _spelt(nodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """How the account has the databases and schemas that nodes name: what dbt would quote stays as it is."""
    names: dict[str, str] = {}
    for node in nodes:
        parts = as_account_has(str(node.get("relation_name") or ""))
        if len(parts) == _PARTS:
            names |= {str(node["database"]): parts[0].name, str(node["schema"]): parts[1].name}
    return names


def _place(node: Mapping[str, Any], name: str, spelt: Mapping[str, str]) -> tuple[str, str, str]:
    """Database, schema and relation of a node as the account will have them."""
    parts = as_account_has(str(node.get("relation_name") or ""))
    if len(parts) == _PARTS:
        return parts[0].name, parts[1].name, parts[2].name
    database, schema = (str(node.get(key) or "") for key in ("database", "schema"))
    return spelt.get(database, database.upper()), spelt.get(schema, schema.upper()), name.upper()


def _node(key: str, node: Mapping[str, Any], spelt: Mapping[str, str]) -> ParsedNode:
    config = node.get("config") or {}
    text = str(node.get("raw_code") or "")
    names = (_TEXT.match(match[1]) for match in _REF.finditer(text))
    database, schema, relation = _place(node, str(node.get("alias") or node["name"]), spelt)
    return ParsedNode(
        id=key,
        kind=str(node["resource_type"]),
        package=str(node["package_name"]),
        name=str(node["name"]),
        path=str(node.get("original_file_path") or key),
        database=database,
        schema=schema,
        relation=relation,
        materialized=str(config.get("materialized") or node["resource_type"]),
        stored=bool(config.get("store_failures")),
        fixed=bool(config.get("target_schema")),
        hooks=len(config.get("pre-hook") or ()) + len(config.get("post-hook") or ()),
        reads=tuple((node.get("depends_on") or {}).get("nodes") or ()),
        refs_in_text=tuple(name[1] for name in names if name),
    )


def _source(key: str, source: Mapping[str, Any], spelt: Mapping[str, str]) -> ParsedSource:
    database, schema, relation = _place(source, str(source.get("identifier") or source["name"]), spelt)
    return ParsedSource(
        id=key,
        name=f"{source['source_name']}.{source['name']}",
        path=str(source.get("original_file_path") or key),
        database=database,
        schema=schema,
        relation=relation,
    )
