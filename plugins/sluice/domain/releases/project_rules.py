"""What a parsed dbt project must be to be promoted: each rule returns its findings, with a cure to copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sluice.domain.findings import Finding
from sluice.domain.releases.parsed_project import ParsedNode, ParsedProject

_UNJUDGED = frozenset({"INFORMATION_SCHEMA"})
_SPECS = "include/environments: sources"
_SHOWN = 5


def views_without_database(project: ParsedProject, cure: str) -> tuple[Finding, ...]:
    """Every view whose text would name its own database, because ref() does and nothing replaces it."""
    bad = [node for node in project.built_nodes() if node.materialized == "view" and _names_database(project, node)]
    return (
        (
            Finding(
                "error",
                "macros/ref.sql",
                f"{len(bad)} views would name their own database, which a promotion exchanges ({_some(bad)}): the "
                "project does not replace ref(), whose names have three parts",
                f"write this into macros/ref.sql of the dbt project:\n{cure}",
            ),
        )
        if bad
        else ()
    )


def one_database(project: ParsedProject, database: str) -> tuple[Finding, ...]:
    """Every node that would be built in another database than the environment's: no gate sees it, no undo."""
    return tuple(
        Finding(
            "error",
            node.path,
            f"{node.id} would be built in {node.database}, outside of the environment's own database: before any gate, "
            "and for good",
            "leave out `database:` (or +database) for it",
        )
        for node in project.built_nodes()
        if node.database != database
    )


def own_schemas(project: ParsedProject, prefix: str, cure: str) -> tuple[Finding, ...]:
    """Whether a developer's build would leave the developer's schemas; `sluice dbt` refuses it then."""
    bad = [node for node in project.built_nodes() if not node.schema.startswith(prefix)]
    if not bad:
        return ()
    place = sorted({node.schema for node in bad})
    return (
        Finding(
            "warning",
            "macros/generate_schema_name.sql",
            f"developers cannot build {_some(bad)} by hand: the project puts them into {', '.join(place[:_SHOWN])}, "
            "whoever builds, and `sluice dbt` refuses that",
            f"put the developer's name in front, e.g. in macros/generate_schema_name.sql:\n{cure}",
        ),
    )


def sources_named(project: ParsedProject, named: Collection[str], database: str) -> tuple[Finding, ...]:
    """Every database of a source that the spec does not name, and every one it names that no source lies in."""
    findings: list[Finding] = []
    used = {source.database: source for source in reversed(project.used_sources())}
    for name, source in sorted(used.items()):
        if name == database:
            findings.append(
                Finding(
                    "warning",
                    source.path,
                    f"the source {source.name} lies in the environment's own database, which a promotion exchanges: "
                    "what a loader writes there meanwhile would be lost, so the promotion is refused then",
                    "load it into a database of its own, say `database:` of the source, and name it in `sources:`",
                )
            )
        elif name not in named and name != "SNOWFLAKE":
            wanted = ", ".join(sorted({*named, *used} - {database, "SNOWFLAKE"}))
            findings.append(
                Finding(
                    "error",
                    _SPECS,
                    f"the source {source.name} ({source.path}) lies in {name}, which `sources:` does not name: the "
                    "environment's role may not read it",
                    f"sources: [{wanted}]",
                )
            )
    rest = f"sources: [{', '.join(sorted(set(named) & used.keys()))}]"
    return (
        *findings,
        *(
            Finding("warning", _SPECS, f"`sources:` names {name}, and no source that the project uses lies there", rest)
            for name in sorted(set(named) - used.keys())
        ),
    )


def relations_made(project: ParsedProject, where: str, sql: str, database: str) -> tuple[Finding, ...]:
    """Every relation of a metric's or a check's query that no node makes and no source is."""
    try:
        tables = _tables(sql)
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        return (Finding("warning", where, f"the query cannot be read here: {reason}", f"read it once more: {sql}"),)
    relations = {f"{node.schema}.{node.relation}" for node in project.built_nodes()}
    known = relations | {
        f"{source.schema}.{source.relation}" for source in project.sources.values() if source.database == database
    }
    findings = []
    for catalog, schema, name in tables:
        if catalog and catalog != database:
            continue
        if catalog:
            message = f"the query names the database {catalog}: live and candidate would be asked the same"
            findings.append(Finding("error", where, message, f"{schema}.{name} without the database".lower()))
        elif not schema:
            good = _near(f"{name}.{name}", relations)
            findings.append(Finding("error", where, f"{name.lower()} has no schema", f"schema.table, {good}"))
        elif schema not in _UNJUDGED and f"{schema}.{name}" not in known:
            relation = f"{schema}.{name}".lower()
            message = f"the query reads {relation}, which no model of {project.name} makes"
            cure = f"{_near(f'{schema}.{name}', relations)}; or without this entry (another project's?)"
            findings.append(Finding("error", where, message, cure))
    return tuple(findings)


def _names_database(project: ParsedProject, node: ParsedNode, seen: frozenset[str] = frozenset()) -> bool:
    """Whether ref() in its text, or in that of an ephemeral model that becomes part of it, returns three parts."""
    if node.id in seen:
        return False
    parents = [project.nodes[key] for key in node.reads if key in project.nodes]
    if not project.overrides_ref(node.package) and any(
        parent.makes and parent.name in node.refs_in_text for parent in parents
    ):
        return True
    inlined = [parent for parent in parents if parent.materialized == "ephemeral"]
    return any(_names_database(project, parent, seen | {node.id}) for parent in inlined)


def _tables(sql: str) -> list[tuple[str, str, str]]:
    """Database, schema and name of each table that a query reads, as the account keeps names."""
    tree = sqlglot.parse_one(sql, dialect="snowflake")
    named = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    tables = []
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        parts = [_kept(part) for part in (table.args.get("catalog"), table.args.get("db"), table.this)]
        if parts[1] or parts[2].upper() not in named:
            tables.append((parts[0], parts[1], parts[2]))
    return tables


def _kept(part: object) -> str:
    if not isinstance(part, exp.Identifier):
        return ""
    return str(part.name if part.args.get("quoted") else part.name.upper())


def _near(name: str, relations: Iterable[str]) -> str:
    known = sorted(relations)
    close = get_close_matches(name, known, 3, 0.4) or [
        near for near in known if near.split(".")[1] == name.split(".")[1]
    ]
    return (
        "for example " + " or ".join(near.lower() for near in (close or known)[:3]) if known else "one of your models"
    )


def _some(nodes: Collection[ParsedNode]) -> str:
    names = [node.id for node in nodes]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
