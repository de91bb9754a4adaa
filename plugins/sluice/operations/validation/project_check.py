"""The working dbt project looked into before anything runs: what would be refused later is said now, with its cure."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from sluice.dbt import releases
from sluice.dbt.invoke import Invocation, run
from sluice.dbt.manifest import parsed
from sluice.dbt.profile import Target
from sluice.dbt.project import REF_OVERRIDE, SCHEMA_OVERRIDE, read_project
from sluice.dbt.quoting import in_profile, missing_quoting
from sluice.dbt.terminal import DEVELOPER
from sluice.domain.findings import Finding
from sluice.domain.releases import project_rules
from sluice.domain.releases.parsed_project import ParsedProject
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SluiceError, SpecError
from sluice.operations.refresh.dbt_builds import SCHEMA
from sluice.operations.workspace import Workspace

_ANYBODY = "SLUICE_CHECK"
"""A developer's name that no project knows."""


def project_findings(work: Workspace) -> tuple[Finding, ...]:
    """Return what is wrong with the working dbt project, or worth a look: no account is touched.

    Its packages are installed on a copy where they are not there as locked; dbt parses it for each environment.
    """
    try:
        read_project(work.project)
        with tempfile.TemporaryDirectory(prefix="sluice-check-") as folder:
            checkout = releases.checkout(work.project, Path(folder) / "project")
            return _merged(work, _by_environment(work, checkout, Path(folder)))
    except SluiceError as error:
        return (_refused(str(work.project), error),)


def cautions(work: Workspace, spec: EnvironmentSpec, manifest: Path) -> tuple[str, ...]:
    """Return what is worth a word in a plan; `manifest` is of the release's parse for this environment.

    Raises:
        SpecError: what the gates would refuse after clone and build, each with its cure.
    """
    project = parsed(manifest)
    views = project_rules.views_without_database(project, REF_OVERRIDE)
    judged = bool(promoted_from(work, spec))
    bad = (*project_rules.one_database(project, spec.database.name.name), *(views if judged else ()))
    if bad:
        raise SpecError(
            "; ".join(f"{finding.where}: {finding.message}" for finding in bad),
            where=f"dbt project {project.name}, for {spec.name}",
            good="\n".join(dict.fromkeys(finding.cure.rstrip() for finding in bad)),
            untouched="everything: nothing is locked, no warehouse was scaled",
        )
    return () if judged else tuple(finding.message for finding in views)


def promoted_from(work: Workspace, spec: EnvironmentSpec) -> list[str]:
    """Return the environments, this one or later ones on its way, where views may not name their own database."""
    reached, way = [], [spec]
    while way:
        at = way.pop()
        if at.promotion.strategy == "blue_green" and work.gates(at.name).self_containment.enabled:
            reached.append(at.name)
        way += [following for following in work.environments.values() if following.upstream == at.name]
    return reached


def _by_environment(work: Workspace, checkout: Path, folder: Path) -> dict[Finding, list[str]]:
    """The findings, each with the environments that it is true of."""
    environments: dict[Finding, list[str]] = {}
    for name, spec in work.environments.items():
        for finding in dict.fromkeys(_of(work, spec, checkout, folder / name)):
            environments.setdefault(finding, []).append(name)
    return environments


def _of(work: Workspace, spec: EnvironmentSpec, checkout: Path, home: Path) -> Iterator[Finding]:
    if unquoted := tuple(missing_quoting(read_project(work.project), spec.database.name)):
        yield from unquoted  # dbt would parse it for a database that is not there
        return
    schema = _schema(work, spec.name)
    try:
        project = _parse(Invocation(checkout, _target(spec, schema), home, spec.dbt.as_vars()))
    except SluiceError as error:
        yield _refused(str(work.project), error, checkout)
        return
    database = spec.database.name.name
    yield from project_rules.one_database(project, database)
    if promoted_from(work, spec):
        yield from project_rules.views_without_database(project, REF_OVERRIDE)
    sources = {name.name for name in spec.sources}
    yield from project_rules.sources_named(project, sources, database)
    yield from _queries(work, spec, project)
    if spec.dbt.schema_per_user:
        own = _target(spec, f"{_ANYBODY}_{schema}")
        variables = spec.dbt.as_vars() | {DEVELOPER: _ANYBODY.lower()}
        theirs = _parse(Invocation(checkout, own, home / "developer", variables))
        yield from project_rules.own_schemas(theirs, f"{_ANYBODY}_", SCHEMA_OVERRIDE)


def _queries(work: Workspace, spec: EnvironmentSpec, project: ParsedProject) -> Iterator[Finding]:
    database = spec.database.name.name
    if spec.promotion.strategy != "blue_green":
        return
    for metric in work.gates(spec.name).metrics:
        yield from project_rules.relations_made(project, f"gates.yml: metrics, {metric.name}", metric.sql, database)
    for check in work.checks(spec.name):
        yield from project_rules.relations_made(project, f"checks.yml: checks, {check.name}", check.sql, database)


def _parse(call: Invocation) -> ParsedProject:
    run(call, ["parse"])
    return parsed(call.artifacts / "manifest.json")


def _target(spec: EnvironmentSpec, schema: str) -> Target:
    """A target that dbt parses with: all names are the spec's, and nothing of it connects anywhere."""
    role, warehouse = spec.access.role.written, spec.warehouse.name.written
    return Target(spec.dbt.target, "parsed", "nobody", role, warehouse, in_profile(spec.database.name), schema, 1)


def _schema(work: Workspace, environment: str) -> str:
    """The schema of the environment's connection, where there is one already."""
    try:
        return work.settings(environment).schema or SCHEMA
    except SluiceError:
        return SCHEMA


def _merged(work: Workspace, environments: Mapping[Finding, list[str]]) -> tuple[Finding, ...]:
    """Errors first; what is not true of every environment says of which."""
    everywhere = len(work.environments)
    findings = [
        finding if len(names) == everywhere else replace(finding, where=f"{finding.where} ({', '.join(names)})")
        for finding, names in environments.items()
    ]
    return tuple(sorted(findings, key=lambda finding: finding.level))


def _refused(project: str, error: SluiceError, checkout: Path | None = None) -> Finding:
    """What sluice or dbt refused as a finding: the paths are the project's own, the log of a copy is gone."""
    lines = [line for line in error.message.splitlines() if "dbt's log:" not in line]
    message = "\n".join(lines)
    where = error.where or project
    if checkout is not None:
        message, where = message.replace(str(checkout), project), f"dbt project {project}"
    cure = error.good or "mend the project until `dbt parse` succeeds"
    if "This version of dbt is not supported" in message:
        cure = f"require-dbt-version that allows {version('dbt-core')}, or the dbt that it asks for"
    return Finding("error", where, message, cure)


LOOKED = "SLUICE_LOOKS"
"""The database that a project is parsed for when nobody has said any: what lies there names none."""


def look(project: Path) -> ParsedProject:
    """Return a project as dbt parses it when nothing about environments is known yet.

    Raises:
        SluiceError: what dbt refuses, in its words.
    """
    with tempfile.TemporaryDirectory(prefix="sluice-look-") as folder:
        checkout = releases.checkout(project, Path(folder) / "project")
        target = Target("dev", "parsed", "nobody", "NOBODY", "NONE", LOOKED, SCHEMA, 1)
        return _parse(Invocation(checkout, target, Path(folder), {}))
