"""`sluice validate`: each thing that is wrong or missing in include/ is found and told with its cure, all at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from shop import pem
from typer.testing import CliRunner
from upath import UPath

from sluice.cli.app import app
from sluice.domain.findings import Finding
from sluice.domain.policies import Gates, Policies
from sluice.domain.specs import load_environments
from sluice.errors import SpecError
from sluice.settings import Settings
from sluice.snowflake.connect import ConnectionSettings
from sluice.stages.environment_check import environment_findings
from sluice.stages.project_check import project_findings
from sluice.stages.workspace import Workspace

SHIPPED = Path(__file__).resolve().parents[2] / "include"
Change = Callable[[dict], object]  # type: ignore[type-arg]  # a file's content, changed in place


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """A copy of the shipped files to spoil."""
    for folder in ("environments", "policies"):
        shutil.copytree(SHIPPED / folder, tmp_path / "include" / folder)
    shutil.copytree(SHIPPED.parent / "dags", tmp_path / "dags")
    return tmp_path / "include"


def settings(include: Path) -> Settings:
    """What a process works with whose files these are."""
    return Settings(include.parent, include / "environments", include / "policies", include / "no_project", "file:///x")


def write(include: Path, file: str, change: Change) -> None:
    """Change one file."""
    path = include / file
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True))


def further(include: Path, name: str, of: str, upstream: str | None, change: Change = lambda _: None) -> None:
    """A further environment, made of another's file as people make them."""
    content = yaml.safe_load((include / "environments" / f"{of}.yml").read_text())
    old, new = content["name"].upper(), name.upper()
    content |= {"name": name, "connection": f"snowflake_{name}", "upstream": upstream}
    content["database"]["name"] = content["database"]["name"].replace(old, new)
    content["warehouse"]["name"] = content["warehouse"]["name"].replace(old, new)
    for key in ("role", "user"):
        content["access"][key] = content["access"][key].replace(old, new)
    content["access"]["readers"] = [f"OLIST_{new}_READER"]
    content["dbt"]["target"] = name
    change(content)
    (include / "environments" / f"{name}.yml").write_text(yaml.safe_dump(content))


def found(include: Path) -> list[Finding]:
    """What is found, files being named from here."""
    return [
        replace(finding, where=finding.where.replace(f"{include}/", ""))
        for finding in environment_findings(settings(include))
    ]


def test_nothing_is_wrong_with_what_ships(include: Path) -> None:
    """Nor when a staging and a production are added, a file each."""
    assert found(include) == []
    further(include, "qa", "staging", "staging")
    write(include, "environments/production.yml", lambda prod: prod.update(upstream="qa"))
    further(include, "prod_eu", "production", "qa")
    assert found(include) == []


ONE_THING = [
    (
        "a production that no gates are said for",
        "policies/gates.yml",
        lambda gates: gates["kinds"].pop("production"),
        ("warning", "policies/gates.yml: kinds.production", "prod is a production", "kinds: {production:"),
    ),
    (
        "nobody may start its DAG",
        "policies/access.yml",
        lambda access: access["roles"]["environment_admin"].update(dags=["prov*", "refresh_dev"]),
        ("error", "policies/access.yml: roles", "nobody may start promote_prod", "promote: [production]"),
    ),
    (
        "nobody is named who may approve",
        "environments/production.yml",
        lambda prod: prod["promotion"].pop("approvers"),
        ("warning", "environments/production.yml: promotion.approvers", "nobody is named", "approvers: [alice, bob]"),
    ),
    (
        "one alone may approve",
        "environments/production.yml",
        lambda prod: prod["promotion"].update(approvers=["alice"]),
        ("warning", "environments/production.yml: promotion.approvers", "alice alone may approve", "approvers: ["),
    ),
    (
        "nothing promotes to it",
        "environments/production.yml",
        lambda prod: prod.pop("upstream"),
        ("error", "environments/production.yml: upstream", "nothing is ever promoted to prod", "upstream: staging"),
    ),
    (
        "it is built in place, so its upstream means nothing",
        "environments/staging.yml",
        lambda staging: staging["promotion"].update(strategy="in_place"),
        ("error", "environments/staging.yml: promotion.strategy", "nothing is ever promoted from dev", "blue_green"),
    ),
    (
        "a schedule that nothing reads",
        "environments/staging.yml",
        lambda staging: staging["promotion"].update(schedule="@daily"),
        ("warning", "environments/staging.yml: promotion.schedule", "nothing reads it", "leave it out"),
    ),
    (
        "a schedule that is none",
        "environments/development.yml",
        lambda dev: dev["promotion"].update(schedule="0 25 * * *"),
        ("error", "environments/development.yml: promotion.schedule", "no schedule", '"0 6 * * *"'),
    ),
    (
        "sources that are not named",
        "environments/staging.yml",
        lambda staging: staging.pop("sources"),
        ("warning", "environments/staging.yml: sources", "dev reads 1 source", "sources: [OLIST_RAW]"),
    ),
    (
        "sources that the first of a chain does not name",
        "environments/development.yml",
        lambda dev: dev.pop("sources"),
        ("warning", "environments/development.yml: sources", "staging reads 1 source", "sources: [OLIST_RAW]"),
    ),
    (
        "another control database",
        "environments/production.yml",
        lambda prod: prod.update(control_database="SLUICE_EU"),
        ("error", "environments/production.yml: control_database", "its journal in SLUICE", "control_database: SLUICE"),
    ),
    (
        "a database that is another's",
        "environments/staging.yml",
        lambda staging: staging["database"].update(name="olist_prod"),
        ("error", "environments/staging.yml: database.name", "prod has this one already", "OLIST_PROD_STAGING"),
    ),
    (
        "a warehouse that is another's",
        "environments/staging.yml",
        lambda staging: staging["warehouse"].update(name="SLUICE_DEV_WH"),
        ("error", "environments/staging.yml: warehouse.name", "dev has this one already", "SLUICE_DEV_WH_STAGING"),
    ),
    (
        "a role that is another's",
        "environments/staging.yml",
        lambda staging: staging["access"].update(role="SLUICE_DEV"),
        ("error", "environments/staging.yml: access.role", "dev has this one already", "SLUICE_DEV_STAGING"),
    ),
    (
        "a user that is another's",
        "environments/staging.yml",
        lambda staging: staging["access"].update(user="SVC_SLUICE_DEV"),
        ("error", "environments/staging.yml: access.user", "dev has this one already", "SVC_SLUICE_DEV_STAGING"),
    ),
    (
        "a reader that builds another environment",
        "environments/staging.yml",
        lambda staging: staging["access"].update(readers=["SLUICE_PROD"]),
        ("error", "environments/staging.yml: access", "the role that builds prod", "OLIST_STAGING_READER"),
    ),
    (
        "a reader that is the builder",
        "environments/production.yml",
        lambda prod: prod["access"].update(readers=["SLUICE_PROD"]),
        ("error", "environments/production.yml: access", "SLUICE_PROD builds here", "SLUICE_PROD_READER"),
    ),
    (
        "an upstream that is not there",
        "environments/production.yml",
        lambda prod: prod.update(upstream="stagin"),
        ("error", "environments/production.yml: upstream", "there is no such environment", "staging"),
    ),
    (
        "a name that leaves no room for candidates",
        "environments/production.yml",
        lambda prod: prod["database"].update(name="P" * 226),
        ("error", "environments/production.yml", "leaves no room", "at most 225"),
    ),
    (
        "a size without a price",
        "environments/production.yml",
        lambda prod: prod["warehouse"].update(generation="2", promotion_size="LARGE"),
        ("error", "policies/prices.yml: credits_per_hour.2.LARGE", "prod uses size LARGE", "<credits an hour>"),
    ),
    (
        "no team has a limit",
        "policies/prices.yml",
        lambda prices: prices.pop("teams"),
        ("warning", "policies/prices.yml: teams", "no team has a limit", "teams: {"),
    ),
    (
        "a kind without a rule for rising costs",
        "policies/budgets.yml",
        lambda budgets: budgets["increase"]["kinds"].pop("staging"),
        ("warning", "policies/budgets.yml: increase.kinds.staging", "no rule for staging", "percent: 2.0"),
    ),
    (
        "a kind without a place among the others",
        "policies/budgets.yml",
        lambda budgets: budgets["priority"].pop("production"),
        ("warning", "policies/budgets.yml: priority.production", "they count as 100", "priority: {production: 100}"),
    ),
    (
        "a kind that no sweep takes",
        "policies/cleanup.yml",
        lambda cleanup: cleanup["kinds"].pop("sandbox"),
        ("warning", "policies/cleanup.yml: kinds.sandbox", "no sweep ever takes one", "max_age_days"),
    ),
    (
        "a template's base that is not there",
        "environments/templates/feature.yml",
        lambda feature: feature.update(base="prd"),
        ("error", "environments/templates/feature.yml: base", "no environment prd", "base: prod"),
    ),
    (
        "a template's approval that one alone may give",
        "environments/templates/sandbox.yml",
        lambda sandbox: sandbox.update(approvers=["bob"]),
        ("warning", "environments/templates/sandbox.yml: approvers", "bob alone may approve", "approvers: ["),
    ),
    (
        "gates of an environment that is not there",
        "policies/gates.yml",
        lambda gates: gates.update(environments={"prd": {}}),
        ("error", "policies/gates.yml: environments.prd", "no such environment", "prod"),
    ),
    (
        "a check of an environment that is not there",
        "policies/checks.yml",
        lambda checks: checks["checks"][0].update(environments=["prd"]),
        ("error", "policies/checks.yml: checks.orders_are_there", "no environment prd", "prod"),
    ),
    (
        "rights to a DAG that is not there",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["dags"].append("promote_prd"),
        ("error", "policies/access.yml: roles.developer.dags", "no environment prd", "promote_prod"),
    ),
    (
        "rights to a DAG that nobody has heard of",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["dags"].append("rollbak"),
        ("error", "policies/access.yml: roles.developer.dags", "there is no such DAG", "rollback"),
    ),
    (
        "rights to the DAGs of a kind that is none",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["environment_dags"].update(promote=["stagin"]),
        ("error", "policies/access.yml: roles.developer.environment_dags.promote", "no kind that", "staging"),
    ),
]


@pytest.mark.parametrize(("file", "change", "said"), [row[1:] for row in ONE_THING], ids=[row[0] for row in ONE_THING])
def test_one_thing_is_found(include: Path, file: str, change: Change, said: tuple[str, str, str, str]) -> None:
    """With how bad it is, where it stands, what it is and what to write; and nothing else."""
    write(include, file, change)
    level, where, message, cure = said
    (finding,) = found(include)
    assert finding.level == level
    assert finding.where.startswith(where)
    assert message in finding.message
    assert cure in finding.cure


def test_what_comes_from_an_upstream_that_is_never_built(include: Path) -> None:
    """The environment that nothing promotes to is told, and so is each behind it."""
    write(include, "environments/staging.yml", lambda staging: staging.pop("upstream"))
    first, second = found(include)
    assert first.message.startswith("nothing is ever promoted to staging")
    assert (second.level, second.where) == ("error", "environments/production.yml: upstream")
    assert second.message.startswith("staging is never built")


def test_a_circle_of_upstreams(include: Path) -> None:
    """Each that is in it is told, with the whole circle."""
    write(include, "environments/staging.yml", lambda staging: staging.update(upstream="prod"))
    errors = found(include)
    assert {finding.where.partition(":")[0] for finding in errors} == {
        "environments/production.yml",
        "environments/staging.yml",
    }
    assert all("circle" in finding.message and finding.level == "error" for finding in errors)
    assert any("staging → prod → staging" in finding.message for finding in errors)


def test_nobody_but_its_starter_may_approve(include: Path) -> None:
    """One person alone may start the whole chain and approve its end."""
    write(include, "environments/production.yml", lambda prod: prod["promotion"].update(approvers=["alice"]))

    def alice_alone(access: dict) -> None:  # type: ignore[type-arg]
        access["roles"] = {"environment_admin": {"snowflake_role": "A", "dags": ["*"], "people": ["alice"]}}

    write(include, "policies/access.yml", alice_alone)
    (finding,) = found(include)
    assert (finding.level, finding.where) == ("error", "environments/production.yml: promotion.approvers")
    assert finding.message.startswith("nobody can ever approve prod")


def test_a_user_may_be_shared_on_purpose(include: Path) -> None:
    """One that says so gets the role in addition, as environments that come and go do."""

    def share(staging: dict) -> None:  # type: ignore[type-arg]
        staging["access"].update(user="SVC_SLUICE_DEV", shared_user=True)
        staging["connection"] = "snowflake_dev"

    write(include, "environments/staging.yml", share)
    assert found(include) == []


def test_everything_is_told_at_once(include: Path) -> None:
    """All wrong keys of all files; policies of a spec that cannot be read, and environments behind it, are not."""

    def spoil(prod: dict) -> None:  # type: ignore[type-arg]
        prod["warehouse"].update(size="HUGE", auto_suspend=-1)
        prod["budgt"] = {}

    write(include, "environments/production.yml", spoil)
    write(include, "environments/staging.yml", lambda staging: staging["access"].update(role=" X"))
    write(include, "environments/templates/testing.yml", lambda testing: testing.update(kind="tests"))
    write(include, "policies/access.yml", lambda access: access.update(airflow_role=True))
    (include / "policies" / "cleanup.yml").write_text("kinds: [")
    write(include, "policies/prices.yml", lambda prices: prices.update(credit_usd=0))
    assert {finding.where for finding in found(include) if finding.level == "error"} == {
        "environments/production.yml: warehouse.size",
        "environments/production.yml: warehouse.auto_suspend",
        "environments/production.yml: budgt",
        "environments/staging.yml: access.role",
        "environments/templates/testing.yml: kind",
        "policies/access.yml: airflow_role",
        "policies/cleanup.yml",
        "policies/prices.yml: credit_usd",
    }


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


@pytest.fixture
def command(include: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """`sluice validate` where there is no Airflow: its exit code and what it prints."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SLUICE_ROOT", str(include.parent))
    monkeypatch.setenv("SLUICE_DBT_PROJECT", str(SHIPPED / "dbt" / "olist_analytics"))
    for name in ("AIRFLOW_HOME", "AIRFLOW__CORE__LOAD_EXAMPLES", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["validate", *words])
        return result.exit_code, result.stdout

    return run


def test_the_command_sums_up_each_environment(command: Callable[..., tuple[int, str]]) -> None:
    """And says that connections were not looked at; exit code 0."""
    code, text = command()
    assert code == 0
    assert "ok prod (production): OLIST_PROD, 3 metrics, promote_prod" in text
    assert "not checked: no Airflow here" in text


def test_warnings_end_the_command_only_where_it_is_strict(
    include: Path, command: Callable[..., tuple[int, str]]
) -> None:
    """Exit code 0 with a warning, 1 with --strict, 1 with an error; the cure is printed as it is to be written."""
    write(include, "policies/gates.yml", lambda gates: gates["kinds"].pop("production"))
    code, text = command()
    assert code == 0
    assert "cure: kinds: {production: {quality: {pass_at: 0.99" in text
    assert command("--strict")[0] == 1
    write(include, "environments/production.yml", lambda prod: prod.pop("upstream"))
    code, text = command()
    assert code == 1
    assert "error prod (production)" in text


def test_the_command_speaks_json(include: Path, command: Callable[..., tuple[int, str]]) -> None:
    """Environments, findings with their cures, and notes."""
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
