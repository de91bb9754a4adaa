"""dbt's manifest read for places: where each node would be built, what its text names, what it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice.domain.names import as_account_has
from sluice.domain.parsed import ParsedNode, ParsedProject, ParsedSource
from sluice.errors import StopError

_PLACED = frozenset({"model", "seed", "snapshot", "function", "test"})
_REF = re.compile(r"\{\{-?\s*ref\(([^()]*)\)\s*-?\}\}")
_TEXT = re.compile(r"""^\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*(?:,\s*(?:v|version)\s*=.*)?$""")


def parsed(manifest: Path) -> ParsedProject:
    """Return the project that a manifest describes; a manifest that is none is refused by name."""
    try:
        content = json.loads(manifest.read_text())
        nodes = {**content["nodes"], **content.get("functions", {})}
        return ParsedProject(
            name=str(content["metadata"]["project_name"]),
            nodes={key: _node(key, node) for key, node in nodes.items() if node["resource_type"] in _PLACED},
            sources={key: _source(key, source) for key, source in content["sources"].items()},
            macros=frozenset(f"{macro['package_name']}.{macro['name']}" for macro in content["macros"].values()),
            operations=tuple(sorted(node["name"] for node in nodes.values() if node["resource_type"] == "operation")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StopError(f"dbt's manifest cannot be read: {error}", where=str(manifest)) from error


def _node(key: str, node: Mapping[str, Any]) -> ParsedNode:
    config = node.get("config") or {}
    database, schema, relation = _place(node, node.get("alias") or node["name"])
    text = str(node.get("raw_code") or "")
    names = (_TEXT.match(match[1]) for match in _REF.finditer(text))
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


def _source(key: str, source: Mapping[str, Any]) -> ParsedSource:
    database, schema, relation = _place(source, source.get("identifier") or source["name"])
    return ParsedSource(
        id=key,
        name=f"{source['source_name']}.{source['name']}",
        path=str(source.get("original_file_path") or key),
        database=database,
        schema=schema,
        relation=relation,
    )


def _place(made: Mapping[str, Any], name: object) -> tuple[str, str, str]:
    """Database, schema and name as the account keeps them: in capitals but for what dbt puts into double quotes."""
    rendered = as_account_has(str(made.get("relation_name") or ""))
    if len(rendered) == 3:  # noqa: PLR2004 (database, schema, name)
        return rendered[0].name, rendered[1].name, rendered[2].name
    database, schema = (str(made.get(key) or "").upper() for key in ("database", "schema"))
    return database, schema, str(name).upper()
