"""`sluice validate`: connections and the dbt project beside the files, and the command itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from shop import pem
from spoiled import SHIPPED, copied, settings, write
from typer.testing import CliRunner
from upath import UPath

from sluice.cli.app import app
from sluice.domain.promotion.gate_policy import Gates, Policies
from sluice.domain.specs.environment import load_environments
from sluice.errors import SpecError
from sluice.operations.validation.environment_check import environment_findings
from sluice.operations.validation.project_check import project_findings
from sluice.operations.workspace import Workspace
from sluice.snowflake.connect import ConnectionSettings


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """A copy of the shipped files to spoil."""
    return Path(copied(tmp_path))


def test_a_project_that_cannot_be_built_in_such_a_database(include: Path) -> None:
    """Dbt leaves quotes out unless the project says otherwise; with a name in lower case it needs a macro too."""
    project = include / "project"
    project.mkdir()
    (project / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    write(include, "environments/production.yml", lambda prod: prod["database"].update(name="OLIST-PROD"))
    write(include, "environments/staging.yml", lambda staging: staging["database"].update(name="olist-staging"))
    specs = load_environments(include / "environments")
    specs.pop("dev")
    work = Workspace(specs, Policies(Gates(), {}, ()), UPath(include / "store"), project, connection)
    of_staging, macro, of_prod = project_findings(work)
    assert of_prod.where == f"{project}/dbt_project.yml: quoting.database (prod)"
    assert (of_prod.cure, of_staging.cure) == ("quoting: {database: true}", "quoting: {database: true}")
    assert macro.where == f"{project}/macros/generate_database_name.sql (staging)"
    (project / "dbt_project.yml").write_text("name: shop\nprofile: shop\nquoting: {database: true}\n")
    (project / "macros").mkdir()
    (project / "macros" / "generate_database_name.sql").write_text(macro.cure)
    assert {finding.message for finding in project_findings(work)} == {
        "`sources:` names OLIST_RAW, and no source that the project uses lies there"
    }


def connection(conn_id: str) -> ConnectionSettings:
    """Connections as they should be, but for prod, which has none, and staging, whose login is another's."""
    if conn_id == "snowflake_prod":
        raise SpecError("there is no such Airflow connection", where=f"Airflow connection {conn_id}", good="add it")
    user = "SVC_SLUICE_DEV" if conn_id == "snowflake_staging" else f"svc_sluice_{conn_id.removeprefix('snowflake_')}"
    key = None if conn_id == "snowflake_admin" else pem("validate")
    return ConnectionSettings("account", user, password="x" if key is None else None, private_key=key, name=conn_id)


def test_connections_that_are_not_there_or_not_right(include: Path) -> None:
    """With the command that makes the one, and the login that the other needs."""
    write(include, "environments/production.yml", lambda prod: prod["access"].update(role="sluice-prod"))
    login, missing = environment_findings(settings(include), connection)
    assert missing.where == "Airflow connection snowflake_prod"
    assert missing.cure.startswith("airflow connections add snowflake_prod --conn-login 'SVC_SLUICE_PROD' --conn-type")
    extra = json.loads(missing.cure.partition("--conn-extra '")[2].removesuffix("'"))
    assert (extra["role"], extra["warehouse"]) == ('"sluice-prod"', "SLUICE_PROD_WH")
    assert login.where == "Airflow connection snowflake_staging: login"
    assert login.cure == "its login: SVC_SLUICE_STAGING"


def test_a_service_user_needs_a_key(include: Path) -> None:
    """A connection with a password cannot make its user: that one logs in with a key."""

    def without_keys(conn_id: str) -> ConnectionSettings:
        user = "ADMIN" if conn_id == "snowflake_admin" else f"SVC_SLUICE_{conn_id.removeprefix('snowflake_')}"
        return ConnectionSettings("account", user, password="x", name=conn_id)

    messages = {finding.message for finding in environment_findings(settings(include), without_keys)}
    assert messages == {"the connection holds no private key; a service user is made with its public half"}


def test_what_a_connection_has_and_dbt_cannot_have_is_named(include: Path) -> None:
    """A service user without a key is no mistake where it logs in otherwise; what dbt has no name for is one."""

    def by_token(conn_id: str) -> ConnectionSettings:
        user = f"SVC_SLUICE_{conn_id.removeprefix('snowflake_').upper()}"
        options = {"authenticator": "programmatic_access_token", "token": "x"}
        if conn_id == "snowflake_prod":
            options |= {"proxy_host": "p", "proxy_user": "me", "proxy_password": "hush"}
        return ConnectionSettings("account", user, options=options, name=conn_id)

    findings = environment_findings(settings(include), by_token)
    assert {(finding.level, finding.where) for finding in findings} == {("error", "Airflow connection snowflake_prod")}
    assert [finding.message for finding in findings] == ["dbt-snowflake knows no such setting (found: 'proxy_user')"]
    assert "HTTPS_PROXY" in findings[0].cure
    assert "hush" not in str(findings)


@pytest.fixture
def command(include: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """`sluice validate` where there is no Airflow: its exit code and what it prints."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "SLUICE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SLUICE_ROOT", str(include.parent))
    monkeypatch.setenv("SLUICE_DBT_PROJECT", str(SHIPPED / "dbt" / "olist_analytics"))

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["validate", *words])
        return result.exit_code, result.stdout

    return run


def test_the_command_sums_up_each_environment(command: Callable[..., tuple[int, str]]) -> None:
    """And says that connections were not looked at; with nothing found exit code 0, also where it is strict."""
    code, text = command("--strict")
    assert code == 0
    assert "ok prod (production): OLIST_PROD, 3 metrics, promote_prod" in text
    assert f"ok dbt project {SHIPPED / 'dbt' / 'olist_analytics'}" in text
    assert "not checked: no Airflow here" in text


def test_a_warning_ends_the_command_only_where_it_is_strict(
    include: Path, command: Callable[..., tuple[int, str]]
) -> None:
    """JSON has the environments, the findings with their cures, and notes; in text a cure is as it is to be written."""
    write(include, "policies/gates.yml", lambda gates: gates["kinds"].pop("production"))
    code, text = command("--json")
    assert code == 0
    facts = json.loads(text)
    assert [line["name"] for line in facts["environments"]] == ["dev", "staging", "prod"]
    assert facts["environments"][2]["dag"] == "promote_prod"
    (finding,) = facts["findings"]
    assert set(finding) == {"level", "where", "message", "cure"}
    assert finding["level"] == "warning"
    assert facts["notes"]
    assert facts["project"]["level"] == "ok"
    code, text = command("--strict")
    assert code == 1
    assert "cure: kinds: {production: {quality: {pass_at: 0.99" in text


def test_the_command_says_which_project_it_looked_into(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So somebody who has two of them, or whose variable names none, sees it at once."""
    monkeypatch.setenv("SLUICE_DBT_PROJECT", str(tmp_path))
    code, text = command()
    assert code == 1
    assert f"error dbt project {tmp_path}" in text


def test_an_error_ends_the_command(include: Path, command: Callable[..., tuple[int, str]]) -> None:
    """Exit code 1, and each file's error is there."""
    for file in ("development", "staging", "production"):
        write(include, f"environments/{file}.yml", lambda content: content["warehouse"].update(size="HUGE"))
    code, text = command()
    assert code == 1
    assert text.count("no such warehouse size") == 3
