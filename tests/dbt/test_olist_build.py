"""The Olist project built for real: data over the wire, dbt in development and production, new days, bad changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.olist import append_day, load
from sluice.dbt.invoke import Invocation, run
from sluice.dbt.profile import Target
from sluice.domain.specs.environment import load_environments
from sluice.snowflake.connect import ConnectionSettings, Session, connect
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

ROOT = Path(__file__).parents[2]
PROJECT, CHANGES = ROOT / "include" / "dbt" / "olist_analytics", ROOT / "include" / "dbt" / "olist_changes"
RAW = "olist_raw.olist.olist_orders_dataset"
AGREE = """
    select f.orders, d.orders as daily_orders, f.order_value, d.order_value as daily_value
    from (select count(*) as orders, sum(order_value) as order_value from olist_prod.marts.fct_orders) as f
    cross join (
        select sum(orders) as orders, sum(order_value) as order_value from olist_prod.marts.rpt_daily_revenue
    ) as d
"""
SCALE = 0.01


class Place:
    """An account with the data in it, and dbt as each environment calls it."""

    def __init__(self, session: Session, settings: dict[str, Any], home: Path) -> None:
        self.session, self._settings, self.home = session, settings, home
        self.specs = load_environments(ROOT / "include" / "environments")

    def dbt(self, environment: str, *words: str, project: Path = PROJECT, check: bool = True) -> dict[str, str]:
        """Run dbt and return the status of each node."""
        spec = self.specs[environment]
        fields = {key: self._settings[key] for key in ("account", "user", "password", "host", "port", "protocol")}
        database = f"OLIST_{environment.upper()}"
        target = Target(
            spec.dbt.target,
            role="ACCOUNTADMIN",
            warehouse="WH",
            database=database,
            schema="PUBLIC",
            threads=4,
            **fields,
        )
        call = Invocation(project, target, self.home / environment, spec.dbt.as_vars())
        run(call, words, check=check)
        results = json.loads((call.artifacts / "run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[2]: result["status"] for result in results}

    def one(self, sql: str) -> dict[str, Any]:
        """Return the only row of a query."""
        return self.session.one(Statement(sql))


@pytest.fixture(scope="module")
def place(snowdome_today: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The data is loaded; development and production are built once."""
    settings = ConnectionSettings(**snowdome_today.settings)
    with connect(settings) as session:
        session.run(Statement("create warehouse WH warehouse_size = xsmall"))
    with connect(replace(settings, warehouse="WH")) as session:
        load(session, scale=SCALE, progress=lambda _: None)
        for name in ("OLIST_DEV", "OLIST_PROD"):
            session.run(Statement(f"create database {name}"))
        place = Place(session, snowdome_today.settings, tmp_path_factory.mktemp("olist"))
        place.dbt("dev", "build")
        place.dbt("prod", "build", "--exclude", "tag:post_promotion")
        yield place


def test_loading_again_changes_nothing(place: Place) -> None:
    """A repeated load leaves the same rows, leading zeros, accents and line breaks included."""
    digest = (
        "select count(*) as n, count(distinct order_id) as orders, max(order_purchase_timestamp) as last from " + RAW
    )
    before = place.one(digest)
    assert before["n"] == before["orders"] == 994
    load(place.session, scale=SCALE, progress=lambda _: None)
    assert place.one(digest) == before
    zips = place.one("select min(length(customer_zip_code_prefix)) as n from olist_raw.olist.olist_customers_dataset")
    assert zips["n"] == 5
    texts = place.one(
        "select count(*) as n from olist_raw.olist.olist_order_reviews_dataset "
        "where review_comment_message like '%ninguém%'"
    )
    assert texts["n"] > 0


def test_both_tables_tell_the_same(place: Place) -> None:
    """The statement that consumers compare by: orders and money agree to the cent."""
    found = place.one(AGREE)
    assert found["orders"] == found["daily_orders"] == 994
    assert found["order_value"] == found["daily_value"] > 100_000


def test_no_view_names_a_database(place: Place) -> None:
    """Views read their own database: only the raw data is named with its database."""
    views = place.session.run(
        Statement(
            "select table_name, view_definition as text from olist_dev.information_schema.views "
            "where table_schema in ('STAGING', 'INTERMEDIATE', 'MARTS')"
        )
    )
    assert len(views) > 30
    for view in views:
        body = view["text"].upper().partition(" AS ")[2]
        assert "OLIST_DEV." not in body, view["table_name"]


def test_the_hooks_left_their_record(place: Place) -> None:
    """A production run is on record with its start, its end, every node, the promise it kept and a notice."""
    runs = place.session.run(
        Statement("select event, warehouse, role, failed, query_tag from olist_prod.meta.runs order by recorded_at")
    )
    assert [(row["event"], row["warehouse"], row["failed"]) for row in runs[:2]] == [
        ("started", "WH", None),
        ("finished", "WH", 0),
    ]
    assert json.loads(runs[0]["query_tag"])["environment"] == "prod"
    assert place.one("select count(distinct node) as n from olist_prod.meta.run_results")["n"] > 200
    assert place.one("select min(verdict) as verdict from olist_prod.meta.sla")["verdict"] == "met"
    assert place.one("select min(severity) as severity from olist_prod.meta.notices")["severity"] == "info"


def test_a_missing_source_stops_the_run_by_name(place: Place) -> None:
    """Before anything is built, the run names the raw table that is not there."""
    name = "olist_raw.olist.olist_sellers_dataset"
    place.session.run(Statement(f"alter table {name} rename to olist_raw.olist.gone"))
    try:
        with pytest.raises(Exception, match=r"(?s)OLIST_SELLERS_DATASET.*python -m include\.olist load"):
            place.dbt("dev", "run", "--select", "stg_sellers")
    finally:
        place.session.run(Statement(f"alter table olist_raw.olist.gone rename to {name}"))


def test_new_days_arrive(place: Place) -> None:
    """Incremental models take new and late rows, snapshots close what changed, and a repeated day changes nothing."""
    for _ in range(12):
        last = append_day(place.session, progress=lambda _: None)
    loaded = place.one(f"select count(*) as n from {RAW}")["n"]
    append_day(place.session, day=last.day, progress=lambda _: None)
    assert place.one(f"select count(*) as n from {RAW}")["n"] == loaded > 994
    statuses = place.dbt("prod", "build")
    assert not [name for name, status in statuses.items() if status not in {"success", "pass", "no-op"}]
    found = place.one(AGREE)
    assert found["orders"] == found["daily_orders"] == loaded
    assert found["order_value"] == found["daily_value"]
    append_day(place.session, progress=lambda _: None)
    place.dbt("prod", "build", "--select", "stg_orders", "snap_order_status", "--indirect-selection", "empty")
    history = place.one(
        "select count(*) as n, count(dbt_valid_to) as closed, count(distinct order_id) as orders "
        "from olist_prod.snapshots.snap_order_status"
    )
    assert history["closed"] == history["n"] - history["orders"] > 0


def test_freshness_and_docs(place: Place) -> None:
    """The sources are fresh after a load, and the docs know every column."""
    place.dbt("prod", "docs", "generate")
    artifacts = place.home / "prod" / "target"
    catalog = json.loads((artifacts / "catalog.json").read_text())
    assert "ORDER_VALUE" in catalog["nodes"]["model.olist_analytics.fct_orders"]["columns"]
    place.dbt("prod", "source", "freshness")
    sources = json.loads((artifacts / "sources.json").read_text())["results"]
    assert {source["status"] for source in sources} == {"pass"}


@pytest.mark.parametrize(
    ("change", "model", "unmasked"),
    [
        ("leaf", "rpt_seller_performance", set()),
        ("breaks_gate", "rpt_customer_rfm", set()),
        ("fails_verification", "rpt_daily_revenue", {"live_revenue_agrees", "live_days_agree"}),
    ],
)
def test_changes_do_what_they_are_for(
    place: Place, tmp_path: Path, change: str, model: str, unmasked: set[str]
) -> None:
    """Each change passes every test of its build; one loses half its rows, one is unmasked by the tests of live."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    shutil.copytree(CHANGES / change, project, dirs_exist_ok=True)
    before = place.one(f"select count(*) as n from olist_prod.marts.{model}")["n"]
    place.dbt("prod", "build", "--select", f"{model}+", "--exclude", "tag:post_promotion", project=project)
    after = place.one(f"select count(*) as n from olist_prod.marts.{model}")["n"]
    assert (after < 0.8 * before) is (change == "breaks_gate")
    found = place.dbt("prod", "test", "--select", "tag:post_promotion", project=project, check=False)
    assert {name for name, status in found.items() if status == "fail"} == unmasked
    place.dbt("prod", "run", "--select", f"{model}+")
