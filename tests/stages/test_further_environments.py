"""`qa` between staging and production, and a second production: a YAML file each, as docs/environments.md shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from shop import PROJECT, Connections, Shop, pem, provision_all, write

from sluice.devstack.prepare import further_connections
from sluice.domain.access.roles import load_access
from sluice.domain.specs.environment import kinds_of, load_environments
from sluice.errors import RefusedError
from sluice.operations.access.access import plan_roles, provision_roles
from sluice.operations.validation.environment_check import environment_findings
from sluice.operations.workspace import workspace
from sluice.settings import Settings
from sluice.snowflake import show
from snowdome.pytest_plugin import Snowdome

pytestmark = pytest.mark.timeout(1800)
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "environments.md").read_text()
GATES = """
defaults: {row_count: {shrink_fail: 20, ignore_below_rows: 0}, marginal: pass}
kinds:
  production: {row_count: {shrink_marginal: 1, shrink_fail: 5}}
"""
TWENTY = "select seq4() as id, 1 as amount from table(generator(rowcount => 20))"


def shown() -> str:
    """The file for qa that the page shows."""
    found = re.search(r"<!-- include/environments/qa.yml -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def changed(text: str) -> str:
    """A file with the line that the page changes in production's."""
    (line,) = re.findall(r"in `include/environments/production.yml`\n\n```yaml\n(.*)\n```", PAGE)
    return re.sub(r"^upstream: .*$", line, text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ships, with qa as the page shows it, and prod_eu, a copy of prod's file with names of its own."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "include" / "environments", root / "include" / "environments")
    shutil.copytree(ROOT / "include" / "policies", root / "include" / "policies")
    shutil.copytree(ROOT / "dags", root / "dags")
    environments = root / "include" / "environments"
    (environments / "qa.yml").write_text(shown())
    prod = (environments / "production.yml").read_text()
    (environments / "production.yml").write_text(changed(prod))
    eu = prod.replace("_PROD", "_PROD_EU").replace("snowflake_prod", "snowflake_prod_eu")
    (environments / "prod_eu.yml").write_text(eu.replace("name: prod\n", "name: prod_eu\n"))
    return root / "include"


def settings(include: Path) -> Settings:
    """What a process works with whose files these are."""
    return Settings(
        include.parent,
        include / "environments",
        include / "policies",
        include.parent / "project",
        f"file://{include.parent}/store",
    )


@pytest.fixture(scope="module")
def shop(include: Path, snowdome_module: Snowdome) -> Shop:
    """The shop's project in all five environments, provisioned on an account of its own."""
    (include / "policies" / "gates.yml").write_text(GATES)
    (include / "policies" / "checks.yml").write_text("checks: []")
    project = write(include.parent / "project", {**PROJECT, "models/orders.sql": TWENTY})
    specs = load_environments(include / "environments")
    keys = {spec.access.user.name: pem(name) for name, spec in specs.items()}
    users = {spec.connection: spec.access.user.name for spec in specs.values()}
    connections = Connections(snowdome_module.port, keys, users)
    return provision_all(Shop(workspace(settings(include), connections), project, snowdome_module.port, keys))


def test_nothing_is_missing_but_the_connection(include: Path) -> None:
    """As the page says: the files are whole, and come in the order in which releases go through them."""
    assert environment_findings(settings(include)) == ()
    specs = load_environments(include / "environments")
    assert [(name, spec.upstream) for name, spec in specs.items()] == [
        ("dev", None),
        ("staging", "dev"),
        ("prod_eu", "staging"),
        ("qa", "staging"),
        ("prod", "qa"),
    ]


def test_make_up_makes_the_connections_of_further_specs(include: Path) -> None:
    """With the service user, role, warehouse and database of each spec; those of the file stay as they are."""
    listed = yaml.safe_load((ROOT / "airflow_settings.yaml").read_text())["airflow"]["connections"]
    made = further_connections(listed, load_environments(include / "environments").values())
    assert {one["conn_id"]: one["conn_login"] for one in made} == {
        "snowflake_qa": "SVC_SLUICE_QA",
        "snowflake_prod_eu": "SVC_SLUICE_PROD_EU",
    }
    assert made[-1]["conn_extra"]["database"] in {"OLIST_QA", "OLIST_PROD_EU"}


def test_a_release_goes_the_whole_way_and_each_is_judged_by_its_kind(shop: Shop) -> None:
    """Through qa to prod, and to prod_eu; what staging and qa may lose, no production may."""
    shop.refresh()
    for name in ("staging", "qa", "prod", "prod_eu"):
        shop.promote(name)
    release = shop.live("dev").release
    assert {name: shop.live(name).release for name in shop.work.environments} == dict.fromkeys(
        shop.work.environments, release
    )
    assert shop.value("select count(*) from OLIST_QA.analytics.orders", "qa") == 20
    shop.write(orders=TWENTY.replace("20", "17"))
    shop.refresh()
    shop.promote("staging")
    shop.promote("qa")
    for name in ("prod", "prod_eu"):
        with pytest.raises(RefusedError, match="row-count drift"):
            shop.promote(name)
        assert shop.live(name).release == release
    assert shop.value("select count(*) from OLIST_QA.analytics.orders", "qa") == 17
    assert shop.value("select count(*) from OLIST_PROD_EU.analytics.orders", "prod_eu") == 20


def test_rights_follow_from_the_kind(shop: Shop, include: Path) -> None:
    """Who may start their DAGs, and whose readers' roles people get, without a word about them in access.yml."""
    policy = load_access(include / "policies" / "access.yml", kinds_of(shop.work.environments))
    assert "developer" in policy.who_may_start("promote_qa")
    assert "developer" not in policy.who_may_start("promote_prod_eu")
    provision_roles(shop.work, policy)
    assert plan_roles(shop.work, policy).empty
    with shop.work.control() as session:
        readers = {
            spec.name: {
                str(row["grantee_name"])
                for row in session.run(show.grants_of(spec.access.readers[0]))
                if str(row["grantee_name"]).startswith("SLUICE_")
            }
            for spec in shop.work.environments.values()
        }
    assert readers["qa"] - {"SLUICE_QA"} == readers["staging"] - {"SLUICE_STAGING"}
    assert readers["prod_eu"] - {"SLUICE_PROD_EU"} == readers["prod"] - {"SLUICE_PROD"}
    assert "SLUICE_ANALYST" in readers["qa"] & readers["prod_eu"]
