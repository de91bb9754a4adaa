"""`sluice validate` looks into the dbt project: what would be refused after clone and build is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from shop import spec, write
from upath import UPath

from sluice.dbt.project import REF_OVERRIDE, SCHEMA_OVERRIDE
from sluice.domain.findings import Finding
from sluice.domain.promotion.gate_policy import Check, Gates, Metric, Policies
from sluice.errors import SpecError
from sluice.operations.validation.project_check import project_findings
from sluice.operations.workspace import Workspace
from sluice.snowflake.connect import ConnectionSettings

GOOD = {
    "dbt_project.yml": "name: till\nprofile: till\nmodels: {till: {+materialized: table}}\n",
    "packages.yml": "packages: [{local: ../shared}]\n",
    "../shared/dbt_project.yml": "name: shared\nmodels: {shared: {+materialized: view}}\n",
    "../shared/models/numbers.sql": "select * from {{ ref('one') }}",
    "../shared/models/one.sql": "select 1 as id",
    "macros/ref.sql": REF_OVERRIDE,
    "models/sales.sql": "select n.id from {{ ref('numbers') }} n join {{ source('raw', 'sales') }} s on n.id = s.id",
    "models/sources.yml": "sources: [{name: raw, database: till_raw, tables: [{name: sales}]}]\n",
}


def nobody(_: str) -> ConnectionSettings:
    """There is no connection yet."""
    raise SpecError("there is no such Airflow connection")


def workspace(folder: Path, files: Mapping[str, str], *, sources: tuple[str, ...] = ("TILL_RAW",)) -> Workspace:
    """Dev, staging and production for the project of these files, at a path with a space; no account."""
    specs = [spec("dev"), spec("staging", "dev"), spec("prod", "staging")]
    named = [one.model_validate({**one.model_dump(mode="json"), "sources": list(sources)}) for one in specs]
    dev = named[0].model_copy(update={"dbt": named[0].dbt.model_copy(update={"schema_per_user": True})})
    project = folder / "data team" / "till"
    project.mkdir(parents=True)
    write(project, files)
    return Workspace(
        environments={one.name: one for one in (dev, *named[1:])},
        policies=Policies(Gates(), {}, ()),
        store=UPath(f"file://{folder}/store"),
        project=project,
        connections=nobody,
    )


def found(work: Workspace) -> list[tuple[str, str]]:
    """Level and place of what is found."""
    return [(one.level, one.where) for one in project_findings(work)]


def test_a_project_that_is_fit_has_no_findings(tmp_path: Path) -> None:
    """Packages, views of a package, sources in a database of their own: nothing to say, and nothing is written."""
    work = workspace(tmp_path, GOOD)
    before = sorted(path for path in (tmp_path / "data team").rglob("*"))
    assert project_findings(work) == ()
    assert sorted(path for path in (tmp_path / "data team").rglob("*")) == before
    assert not (tmp_path / "store").exists()


def test_there_is_no_project(tmp_path: Path) -> None:
    """A folder without a project is a finding that says where it was looked for."""
    work = workspace(tmp_path, {"models/a.sql": "select 1"})
    (finding,) = project_findings(work)
    assert finding.level == "error"
    assert "no dbt project here" in finding.message
    assert "data team/till" in finding.where


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Each with the file it is about and a cure to copy; errors first; of which environments where not of all."""
    work = workspace(
        tmp_path,
        {
            **GOOD,
            "macros/ref.sql": "{# {% macro ref() %} comes later #}",
            "macros/names.sql": "{% macro generate_schema_name(name, node) %}{{ name or 'analytics' }}{% endmacro %}",
            "models/far.sql": "{{ config(database='elsewhere') }} select 1 as id",
        },
        sources=("OTHER_RAW",),
    )
    metrics = (Metric(name="revenue", sql="select sum(x) from marts.fct_orders", tolerance_percent=Decimal(1)),)
    checks = (Check(name="has_sales", sql="select 1 from analytics.sale", environments=("prod",)),)
    policies = Policies(Gates(), {"prod": Gates(metrics=metrics)}, checks)
    work = Workspace(work.environments, policies, work.store, work.project, nobody)
    findings = {(one.level, one.where): one for one in project_findings(work)}
    assert set(findings) == {
        ("error", "macros/ref.sql"),
        ("error", "models/far.sql"),
        ("error", "include/environments: sources"),
        ("error", "gates.yml: metrics, revenue (prod)"),
        ("error", "checks.yml: checks, has_sales (prod)"),
        ("warning", "include/environments: sources"),
        ("warning", "macros/generate_schema_name.sql (dev)"),
    }
    assert [one.level for one in project_findings(work)] == sorted(level for level, _ in findings)
    assert REF_OVERRIDE in findings["error", "macros/ref.sql"].cure
    assert "model.shared.numbers" in findings["error", "macros/ref.sql"].message
    assert SCHEMA_OVERRIDE in findings["warning", "macros/generate_schema_name.sql (dev)"].cure
    assert "analytics.sales" in findings["error", "checks.yml: checks, has_sales (prod)"].cure


@pytest.mark.parametrize(
    ("files", "where", "says"),
    [
        ({"packages.yml": "packages: [{local: ../nothing}]\n"}, "packages of", "No dbt_project.yml found"),
        ({"models/sales.sql": "select * from {{ ref('nobody') }}"}, "dbt project", "depends on a node named 'nobody'"),
        (
            {"dbt_project.yml": "name: till\nprofile: till\nrequire-dbt-version: '>=9.0.0'\n"},
            "packages of",
            "not supported with the 'till' package",
        ),
        ({"dbt_project.yml": "name: till\nmodel-paths: [../models]\n"}, "model-paths", "no release can hold it"),
        ({"dbt_project.yml": "name: till\ntarget-path: '{{ target.name }}'\n"}, "target-path", "before dbt does"),
    ],
)
def test_what_dbt_refuses_is_said_once_in_its_words(
    files: Mapping[str, str], where: str, says: str, tmp_path: Path
) -> None:
    """Packages that cannot be installed, a text that cannot be parsed, another version: one error, not one for each."""
    work = workspace(tmp_path, {**GOOD, **files})
    (finding,) = project_findings(work)
    assert finding.level == "error"
    assert where in finding.where
    assert says in finding.message
    assert "sluice-check-" not in str(finding)
    assert "sluice-deps-" not in str(finding)


def test_another_version_of_dbt_has_a_cure_of_its_own(tmp_path: Path) -> None:
    """The cure names the version that sluice runs."""
    version = "name: till\nprofile: till\nrequire-dbt-version: '<1.0.0'\n"
    work = workspace(
        tmp_path, {**GOOD, "packages.yml": "packages: []\n", "models/sales.sql": "select 1", "dbt_project.yml": version}
    )
    (finding,) = project_findings(work)
    assert "require-dbt-version that allows 1." in finding.cure


def test_a_finding_reads_as_three_things() -> None:
    """Level and place, what is wrong, what to do."""
    assert str(Finding("error", "gates.yml", "is wrong", "do this")) == "error: gates.yml: is wrong\n  do this"
