"""`sluice validate`: everything that is wrong or missing in include/, each with a fix; no account is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.cli.terminal import AsJson, err, out, print_json
from sluice.devstack.use_running_stack import attach
from sluice.settings import Settings, settings

if TYPE_CHECKING:
    from sluice.domain.findings import Finding
    from sluice.domain.specs.environment_rules import Included
    from sluice.snowflake.connect import ConnectionSettings

Strict = Annotated[bool, typer.Option("--strict", help="a warning is an error too: exit code 1")]
_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def validate(strict: Strict = False, as_json: AsJson = False) -> None:
    """Check every spec and policy of include/, the dbt project and Airflow's connections; no account is touched.

    Exit code 1 when there is an error, with --strict also when there is a warning.
    """
    from sluice.cli.connections import configured, connection
    from sluice.operations.validation.environment_check import check, read_included

    current = settings()
    attach(current.root)
    airflow = configured()
    with err.status("reading include/ and the dbt project"):
        included, errors = read_included(current)
        findings = check(current, included, errors, connection if airflow else None)
        of_project = _project(current, included, connection)
        findings += of_project + _store(current)
    notes = [] if airflow else ["Airflow's connections are not checked: no Airflow here (AIRFLOW_HOME is not set)"]
    project = {"path": str(current.project), "level": _worst(of_project)} if included.specs else None
    if as_json:
        print_json(_facts(included, findings, notes) | {"project": project})
    else:
        _print(included, project, findings, notes)
    levels = {finding.level for finding in findings}
    if "error" in levels or (strict and "warning" in levels):
        raise typer.Exit(1)


def _project(
    current: Settings, included: Included, connections: Callable[[str], ConnectionSettings]
) -> tuple[Finding, ...]:
    """What is wrong with the dbt project for the environments whose specs can be read."""
    from upath import UPath

    from sluice.domain.promotion.gate_policy import Gates, Policies
    from sluice.operations.validation.project_check import project_findings
    from sluice.operations.workspace import Workspace

    if not included.specs:
        return ()
    policies = included.policies or Policies(Gates(), {}, ())
    return project_findings(Workspace(included.specs, policies, UPath(current.store), current.project, connections))


def _store(current: Settings) -> tuple[Finding, ...]:
    """What keeps the release store from being opened; a folder needs nothing, and is made by the first release."""
    from sluice.cli.connections import object_storage
    from sluice.domain.findings import Finding
    from sluice.errors import SpecError

    if current.store.startswith("file:"):
        return ()
    try:
        object_storage(current.store)
    except SpecError as error:
        return (Finding("error", f"{error.where}: {error.value}", error.message, error.good or error.advice),)
    return ()


def _print(
    included: Included, project: dict[str, str] | None, findings: Iterable[Finding], notes: Iterable[str]
) -> None:
    for line in _summaries(included, findings):
        text = f"{line['name']} ({line['kind']}): {line['database']}, {line['metrics']} metrics, {line['dag']}"
        _print_line(str(line["level"]), text)
    if project is not None:
        _print_line(project["level"], f"dbt project {project['path']}")
    for finding in findings:
        out.print(f"\n[{_COLOURS[finding.level]}]{finding.level}[/] ", end="")
        out.print(f"{finding.where}\n  {finding.message}", markup=False, highlight=False, soft_wrap=True)
        cure = finding.cure.strip("\n").replace("\n", "\n        ")
        out.print(f"  cure: {cure}", markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        out.print(f"\n{note}", markup=False, highlight=False, soft_wrap=True)


def _print_line(level: str, text: str) -> None:
    out.print(f"[{_COLOURS[level]}]{level}[/] ", end="")
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _worst(findings: Iterable[Finding]) -> str:
    levels = {finding.level for finding in findings}
    return next((level for level in ("error", "warning") if level in levels), "ok")


def _facts(included: Included, findings: Iterable[Finding], notes: list[str]) -> dict[str, object]:
    return {
        "environments": _summaries(included, findings),
        "findings": [asdict(finding) for finding in findings],
        "notes": notes,
    }


def _summaries(included: Included, findings: Iterable[Finding]) -> list[dict[str, object]]:
    """One line for each environment that can be read, with the worst finding about its own file."""
    from sluice.domain.specs.environment_rules import own_dag

    lines: list[dict[str, object]] = []
    for name, spec in included.specs.items():
        file = str(included.spec_files[name])
        own = [finding for finding in findings if finding.where.startswith(f"{file}: ")]
        gates = included.policies.gates(name, spec.kind) if included.policies is not None else None
        lines.append(
            {
                "name": name,
                "kind": str(spec.kind),
                "level": _worst(own),
                "database": spec.database.name.written,
                "metrics": len(gates.metrics) if gates is not None else 0,
                "dag": own_dag(spec) or "no DAG",
                "upstream": spec.upstream,
                "file": file,
            }
        )
    return lines
