"""The files that `sluice init` writes: those that ship, with other names and nothing of the sample project."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sluice.cli.shipped import shipped
from sluice.domain.access.roles import read_access
from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.cleanup.cleanup_policy import load_cleanup
from sluice.domain.ephemeral.templates import load_templates
from sluice.domain.promotion.gate_policy import load_policies
from sluice.domain.specs.environment import kinds_of, load_environments
from sluice.domain.specs.environment_rules import findings
from sluice.domain.specs.starter import CONNECTIONS, Answers, Named, files, refuse_unusable
from sluice.errors import SpecError
from sluice.operations.validation.environment_check import read_included
from sluice.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = Answers(
    project="till",
    environments=(
        Named("entw", "TILL-DEV", "TILL_DEV_WH", "BUILD_DEV", "SVC_TILL_DEV", "development"),
        Named("abnahme", "TILL_STG", "TILL_STG_WH", "BUILD_STG", "SVC_TILL_STG", "staging"),
        Named("live", "TILL_LIVE", "TILL_LIVE_WH", "BUILD_LIVE", "SVC_TILL_LIVE", "production"),
    ),
    sources=("RAW", "CRM"),
    account="ACME-WAREHOUSE",
    team="shop-floor",
    approvers=("ann", "bob"),
    relation="marts.sales",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the files."""
    for name, text in files(shipped(), ANSWERS).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def here(root: Path) -> Settings:
    """The settings of a process in that folder."""
    return Settings(root, root / "include" / "environments", root / "include" / "policies", root, "file:///nowhere")


def test_nothing_of_the_sample_project_is_left(root: Path) -> None:
    """No name of it, no table, no DAG of its data, no command of a checkout."""
    text = "\n".join(path.read_text() for path in root.rglob("*") if path.is_file())
    assert re.findall(r"olist|fct_orders|load_olist|make up|make demo|your_account", text, re.IGNORECASE) == []
    assert re.findall(r"\bSLUICE_(?:DEV|STAGING|PROD)(?:_|\b)", text) == []


def test_every_name_is_the_given_one(root: Path) -> None:
    """Specs, templates and connections name what was answered, in the order in which releases go."""
    specs = load_environments(root / "include" / "environments")
    assert list(specs) == ["entw", "abnahme", "live"]
    assert [spec.upstream for spec in specs.values()] == [None, "entw", "abnahme"]
    assert [spec.database.name.name for spec in specs.values()] == ["TILL-DEV", "TILL_STG", "TILL_LIVE"]
    assert [spec.warehouse.name.name for spec in specs.values()] == ["TILL_DEV_WH", "TILL_STG_WH", "TILL_LIVE_WH"]
    assert [spec.access.role.name for spec in specs.values()] == ["BUILD_DEV", "BUILD_STG", "BUILD_LIVE"]
    assert [spec.access.user.name for spec in specs.values()] == ["SVC_TILL_DEV", "SVC_TILL_STG", "SVC_TILL_LIVE"]
    assert [spec.connection for spec in specs.values()] == ["snowflake_entw", "snowflake_abnahme", "snowflake_live"]
    assert [spec.dbt.target for spec in specs.values()] == ["development", "staging", "production"]
    assert {name.name for spec in specs.values() for name in spec.sources} == {"RAW", "CRM"}
    assert {spec.tags["TEAM"] for spec in specs.values()} == {"shop-floor"}
    assert {spec.session.pipeline for spec in specs.values()} == {"till"}
    assert specs["live"].promotion.approvers == ("ann", "bob")
    assert all(spec.hours is None for spec in specs.values())
    templates = load_templates(root / "include" / "environments" / "templates")
    assert {template.connection for template in templates.values()} == {"snowflake_entw"}
    assert {template.user.name for template in templates.values()} == {"SVC_TILL_DEV"}
    assert {template.base for template in templates.values() if template.base} == {"live"}
    settings = yaml.safe_load((root / "airflow_settings.yaml").read_text())["airflow"]["connections"]
    assert [found["conn_login"] for found in settings] == ["ADMIN", "SVC_TILL_DEV", "SVC_TILL_STG", "SVC_TILL_LIVE"]
    assert {found["conn_extra"]["account"] for found in settings} == {"ACME-WAREHOUSE"}


def test_the_policies_are_those_that_ship_but_for_their_tables(root: Path) -> None:
    """Gates without figures, no check, the same limits for every kind; access without the DAG of sample data."""
    folder = root / "include" / "policies"
    ours = load_policies(ROOT / "include" / "policies", kinds_of(load_environments(ROOT / "include" / "environments")))
    policies = load_policies(folder, kinds_of(load_environments(root / "include" / "environments")))
    assert policies.all_checks == ()
    assert policies.defaults == ours.defaults.model_copy(update={"metrics": ()})
    assert policies.by_kind == {kind: gates.model_copy(update={"metrics": ()}) for kind, gates in ours.by_kind.items()}
    assert load_budgets(folder / "budgets.yml") == load_budgets(ROOT / "include" / "policies" / "budgets.yml")
    assert load_cleanup(folder / "cleanup.yml") == load_cleanup(ROOT / "include" / "policies" / "cleanup.yml")
    dags = {dag for role in read_access(folder / "access.yml").roles.values() for dag in role.dags}
    assert "reclone_environment" in dags
    assert "marts.sales" in (folder / "gates.yml").read_text()
    assert "marts.sales" in (folder / "checks.yml").read_text()


def test_they_are_valid(root: Path) -> None:
    """Not a finding but of what nobody else can know."""
    included, errors = read_included(here(root))
    assert errors == []
    assert [(finding.where, finding.message) for finding in findings(included)] == []


def test_dag_files_are_the_very_same(root: Path) -> None:
    """Each DAG file but the sample data's, byte for byte."""
    ours = {path.name: path.read_text() for path in (ROOT / "dags").glob("*.py") if path.name != "load_olist.py"}
    assert {path.name: path.read_text() for path in (root / "dags").glob("*.py")} == ours


def test_the_connections_have_no_secret(root: Path) -> None:
    """A command for each, with a path to a key and no value of one."""
    text = (root / CONNECTIONS).read_text()
    for name in ("snowflake_admin", "snowflake_entw", "snowflake_abnahme", "snowflake_live"):
        assert f"airflow connections add {name} " in text
    assert "ACME-WAREHOUSE" in text
    assert '"$PASSWORD"' in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "Live"}, "lower-case letters"),
        ({"name": "entw"}, "each environment has one of its own"),
        ({"database": "till_stg"}, "each environment has one of its own"),
        ({"database": "raw"}, "no source"),
        ({"warehouse": '"a"'}, "double quotes"),
        ({"role": " x"}, "name"),
    ],
)
def test_names_that_cannot_be_are_refused(change: dict[str, str], says: str) -> None:
    """What two would share, what no spec takes, what is a source: refused before a file is made."""
    *rest, last = ANSWERS.environments
    refuse_unusable(ANSWERS)
    with pytest.raises(SpecError, match=says) as refused:
        refuse_unusable(replace(ANSWERS, environments=(*rest, replace(last, **change))))
    assert "every" in str(refused.value.untouched)
