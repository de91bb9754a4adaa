"""What a parsed dbt project must be to be promoted: each rule returns its findings, with a cure to copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sluice.domain.findings import Finding
from sluice.domain.parsed import ParsedNode, ParsedProject

_UNJUDGED = frozenset({"INFORMATION_SCHEMA"})
_SPECS = "include/environments: sources"
_SHOWN = 5


def views_without_database(project: ParsedProject, cure: str) -> tuple[Finding, ...]:
    """Every view whose text would name its own database, because ref() does and nothing replaces it."""
    bad = [node for node in project.made() if node.materialized == "view" and _names_database(project, node)]
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
        for node in project.made()
        if node.database != database
    )


def own_schemas(project: ParsedProject, prefix: str, cure: str) -> tuple[Finding, ...]:
    """Whether a developer's build would leave the developer's schemas; `sluice dbt` refuses it then."""
    bad = [node for node in project.made() if not node.schema.startswith(prefix)]
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
    found: list[Finding] = []
    used = {source.database: source for source in reversed(project.used_sources())}
    for name, source in sorted(used.items()):
        if name == database:
            found.append(
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
            found.append(
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
        *found,
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
        said = str(error).splitlines()[0]
        return (Finding("warning", where, f"the query cannot be read here: {said}", f"read it once more: {sql}"),)
    made = {f"{node.schema}.{node.relation}" for node in project.made()}
    known = made | {f"{one.schema}.{one.relation}" for one in project.sources.values() if one.database == database}
    found = []
    for catalog, schema, name in tables:
        if catalog and catalog != database:
            continue
        if catalog:
            message = f"the query names the database {catalog}: live and candidate would be asked the same"
            found.append(Finding("error", where, message, f"{schema}.{name} without the database".lower()))
        elif not schema:
            good = _near(f"{name}.{name}", made)
            found.append(Finding("error", where, f"{name.lower()} has no schema", f"schema.table, {good}"))
        elif schema not in _UNJUDGED and f"{schema}.{name}" not in known:
            relation = f"{schema}.{name}".lower()
            message = f"the query reads {relation}, which no model of {project.name} makes"
            cure = f"{_near(f'{schema}.{name}', made)}; or without this entry (another project's?)"
            found.append(Finding("error", where, message, cure))
    return tuple(found)


def _names_database(project: ParsedProject, node: ParsedNode, seen: frozenset[str] = frozenset()) -> bool:
    """Whether ref() in its text, or in that of an ephemeral model that becomes part of it, returns three parts."""
    if node.id in seen:
        return False
    below = [project.nodes[key] for key in node.reads if key in project.nodes]
    if not project.overrides_ref(node.package) and any(one.makes and one.name in node.refs_in_text for one in below):
        return True
    inlined = [one for one in below if one.materialized == "ephemeral"]
    return any(_names_database(project, one, seen | {node.id}) for one in inlined)


def _tables(sql: str) -> list[tuple[str, str, str]]:
    """Database, schema and name of each table that a query reads, as the account keeps names."""
    tree = sqlglot.parse_one(sql, dialect="snowflake")
    named = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    found = []
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        parts = [_kept(part) for part in (table.args.get("catalog"), table.args.get("db"), table.this)]
        if parts[1] or parts[2].upper() not in named:
            found.append((parts[0], parts[1], parts[2]))
    return found


def _kept(part: object) -> str:
    if not isinstance(part, exp.Identifier):
        return ""
    return str(part.name if part.args.get("quoted") else part.name.upper())


def _near(name: str, made: Iterable[str]) -> str:
    known = sorted(made)
    close = get_close_matches(name, known, 3, 0.4) or [one for one in known if one.split(".")[1] == name.split(".")[1]]
    return "for example " + " or ".join(one.lower() for one in (close or known)[:3]) if known else "one of your models"


def _some(nodes: Collection[ParsedNode]) -> str:
    names = [node.id for node in nodes]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
