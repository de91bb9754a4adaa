"""Environments that come and go, made on an account: whole, isolated, in one go; and finished after any failure."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.ephemeral.templates import Request
from sluice.domain.names import Marker
from sluice.domain.specs.blocks import Kind
from sluice.errors import RefusedError, RetryError, SluiceError, SpecError
from sluice.operations.ephemeral.creation import create, plan_create
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import locks, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import DeniedError, MissingError
from sluice.snowflake.statements import Statement, use_warehouse
from snowdome.pytest_plugin import Snowdome

NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
BASE = (
    "CREATE SCHEMA OLIST_PROD.MARTS",
    "CREATE SCHEMA OLIST_PROD.STAGING",
    "CREATE TABLE OLIST_PROD.MARTS.ORDERS AS SELECT 1 AS ID",
    "CREATE VIEW OLIST_PROD.STAGING.V AS SELECT ID FROM MARTS.ORDERS",
)


def asked(kind: Kind = Kind.FEATURE, feature: str = "orders", **wishes: Any) -> Request:
    """What John asks for."""
    purpose = {Kind.FEATURE: "dev", Kind.TESTING: "ci", Kind.SANDBOX: "sandbox"}[kind]
    name = EphemeralName.make(purpose, feature, "john", NOW.date())
    return replace(Request(name, "john", "data-engineering", "a new mart"), **wishes)


@pytest.fixture
def base(work: Workspace) -> Workspace:
    """Dev and prod stand, and prod holds something."""
    return work


def stand(account: Snowdome, work: Workspace) -> None:
    """They do."""
    for name in ("dev", "prod"):
        provision(work, name, NOW, holder=name)
    with work.session("prod") as session:
        for sql in BASE:
            session.run(Statement(sql))


PREPARED = {"base": stand}


def test_one_go_makes_a_whole_environment(base: Workspace, admin: Session) -> None:
    """Data, compute, guard, access, tags and a record of it; a second run finds nothing to do."""
    report = create(base, "feature", asked(), NOW, holder="run", actor="john")
    name = "dev_orders_john_20261120"
    known = base.including(name)
    assert report.steps
    assert plan_provision(known, name, NOW).empty
    assert create(base, "feature", asked(), NOW, holder="run", actor="john").steps == ()
    life = base.lives()[name]
    assert (life.state, life.owner, life.expires) == (State.READY, "john", NOW + timedelta(days=7))
    with known.session(name) as session:
        session.run(Statement("UPDATE DEV_ORDERS_JOHN_20261120.MARTS.ORDERS SET ID = 7"))
        assert session.one(Statement("SELECT ID FROM DEV_ORDERS_JOHN_20261120.STAGING.V")) == {"id": 7}
        session.run(Statement("CREATE SCHEMA DEV_ORDERS_JOHN_20261120.MINE"))
    monitor = admin.one(Statement("SHOW RESOURCE MONITORS LIKE 'DEV_ORDERS%'"))
    assert (monitor["name"], float(monitor["credit_quota"]), monitor["frequency"]) == (
        "DEV_ORDERS_JOHN_20261120_RM",
        13.0,
        "DAILY",
    )
    shown = next(row for row in admin.run(Statement("SHOW WAREHOUSES")) if row["name"].endswith("20261120_WH"))
    assert (shown["size"], shown["resource_monitor"]) == ("X-Small", "DEV_ORDERS_JOHN_20261120_RM")


def test_it_is_isolated(base: Workspace) -> None:
    """What is done in it is not done to its base, and the base's consumers do not see it."""
    create(base, "feature", asked(), NOW, holder="run", actor="john")
    known = base.including("dev_orders_john_20261120")
    with known.session("dev_orders_john_20261120") as session, pytest.raises((DeniedError, MissingError)):
        session.run(Statement("UPDATE OLIST_PROD.MARTS.ORDERS SET ID = 9"))
    with base.reader("prod", base.spec("prod").access.readers[0]) as consumer:
        assert consumer.one(Statement("SELECT ID FROM OLIST_PROD.MARTS.ORDERS")) == {"id": 1}
        with pytest.raises((DeniedError, MissingError)):
            consumer.run(Statement("SELECT ID FROM DEV_ORDERS_JOHN_20261120.MARTS.ORDERS"))


@pytest.mark.parametrize(
    ("wishes", "schemas"),
    [
        ({"base": ""}, {"PUBLIC"}),
        ({"schemas": ("marts",)}, {"PUBLIC", "MARTS"}),
    ],
)
def test_empty_or_in_part(base: Workspace, wishes: dict[str, Any], schemas: set[str]) -> None:
    """An empty database, or only the schemas that were asked for."""
    create(base, "feature", asked(**wishes), NOW, holder="run", actor="john")
    known = base.including("dev_orders_john_20261120")
    assert plan_provision(known, "dev_orders_john_20261120", NOW).empty
    with known.session("dev_orders_john_20261120") as session:
        rows = session.run(Statement("SHOW SCHEMAS IN DATABASE DEV_ORDERS_JOHN_20261120"))
    assert {row["name"] for row in rows} - {"INFORMATION_SCHEMA"} == schemas


def test_as_at_a_moment(base: Workspace, account: Snowdome) -> None:
    """The base as it was before today's mistake."""
    with base.session("prod") as session:
        session.run(Statement("CREATE OR REPLACE TABLE OLIST_PROD.MARTS.FRESH AS SELECT 1 AS ID"))
        account.clock(advance_seconds=60)
        before = session.one(Statement("SELECT CURRENT_TIMESTAMP() AS AT"))["at"]
        account.clock(advance_seconds=600)
        session.run(Statement("UPDATE OLIST_PROD.MARTS.FRESH SET ID = 99"))
    create(base, "feature", asked(at=before), NOW, holder="run", actor="john")
    known = base.including("dev_orders_john_20261120")
    with known.session("dev_orders_john_20261120") as session:
        assert session.one(Statement("SELECT ID FROM DEV_ORDERS_JOHN_20261120.MARTS.FRESH")) == {"id": 1}


def test_a_plan_changes_nothing(base: Workspace, admin: Session) -> None:
    """What would be made can be read before; nothing is made, nothing is written."""
    spec, plan = plan_create(base, "feature", asked(), NOW)
    assert {type(step).__name__ for step in plan.steps} >= {"CloneDatabase", "CreateWarehouse", "SetMonitor", "SetTags"}
    assert spec.name not in base.lives()
    assert [one.name.name for one in observe.databases(admin, "DEV_")] == []


@pytest.mark.parametrize(
    ("kind", "wishes", "words"),
    [
        ("feature", {"hours": 1000}, "lives 1 to 720 hours"),
        ("feature", {"base": "nowhere"}, "no such environment to clone"),
        ("production", {}, "stand for good"),
        ("features", {}, "no such kind"),
    ],
)
def test_bad_wishes_change_nothing(
    base: Workspace, admin: Session, kind: str, wishes: dict[str, Any], words: str
) -> None:
    """Refused before anything is written or made."""
    with pytest.raises(SpecError, match=words):
        create(base, kind, asked(**wishes), NOW, holder="run", actor="john")
    assert base.lives() == {}
    assert [one.name.name for one in observe.databases(admin, "DEV_")] == []


def test_a_team_has_a_limit(base: Workspace) -> None:
    """The environments of one team together cost at most what the team may spend."""
    for number in range(2):
        create(base, "feature", asked(feature=f"f{number}", daily_usd=Decimal(90)), NOW, holder=f"r{number}", actor="j")
    with pytest.raises(RefusedError, match="may spend USD 200"):
        create(base, "feature", asked(feature="f3", daily_usd=Decimal(21)), NOW, holder="r3", actor="john")
    create(base, "feature", asked(feature="f3", daily_usd=Decimal(20)), NOW, holder="r3", actor="john")


def test_a_base_that_is_being_promoted_is_waited_for(base: Workspace, account: Snowdome) -> None:
    """Whoever holds it is named, for as long as its lease lasts; a later run goes on."""
    with base.session("prod") as session:
        locks.acquire(session, "prod", "d20261120t224901-1a2b3c", 600, actor="ops")
    with pytest.raises(RetryError, match="d20261120t224901-1a2b3c"):
        create(base, "feature", asked(), NOW, holder="run", actor="john")
    assert base.lives() == {}
    account.clock(advance_seconds=601)
    create(base, "feature", asked(), NOW, holder="run", actor="john")


@pytest.mark.parametrize("kind", ["WAREHOUSE", "DATABASE"])
@pytest.mark.parametrize("comment", ["month end", Marker("staging").comment], ids=["foreign", "of-staging"])
def test_what_bears_its_name_and_is_not_ours_is_left_alone(
    base: Workspace, admin: Session, kind: str, comment: str
) -> None:
    """Refused before the journal knows of it, so that the name is free once the other object is gone."""
    name = "DEV_ORDERS_JOHN_20261120" + ("_WH" if kind == "WAREHOUSE" else "")
    admin.run(Statement(f"CREATE {kind} {name} COMMENT = %s", (comment,)))
    with pytest.raises(RefusedError, match=f"the {kind.lower()} exists and"):
        create(base, "feature", asked(), NOW, holder="one", actor="john")
    assert base.lives() == {}
    shown = next(row for row in admin.run(Statement(f"SHOW {kind}S")) if row["name"] == name)
    assert shown["comment"] == comment
    admin.run(Statement(f"DROP {kind} {name}"))
    create(base, "feature", asked(), NOW, holder="two", actor="john")
    assert base.lives()["dev_orders_john_20261120"].state is State.READY


def test_what_bears_its_marker_and_nobody_asked_for_is_left_alone(base: Workspace, admin: Session) -> None:
    """A comment alone makes no database ours to take over: the journal knows of no attempt to make it."""
    name = "dev_orders_john_20261120"
    admin.run(Statement(f"CREATE DATABASE {name} COMMENT = %s", (Marker(name).comment,)))
    admin.run(Statement(f"CREATE TABLE {name}.PUBLIC.KEPT AS SELECT 1 AS A"))
    with pytest.raises(RefusedError, match="knows of no attempt"):
        create(base, "feature", asked(base=""), NOW, holder="one", actor="john")
    assert base.lives() == {}
    admin.run(Statement("USE WAREHOUSE TESTS"))
    assert admin.one(Statement(f"SELECT A FROM {name}.PUBLIC.KEPT")) == {"a": 1}


def test_of_two_at_once_one_wins(base: Workspace) -> None:
    """The other reads who has the name; the environment is whole."""

    def run(holder: str) -> str:
        try:
            create(base, "feature", asked(owner=holder), NOW, holder=holder, actor=holder)
        except RefusedError as refused:
            return str(refused)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(run, ["ann", "ben"]))
    assert ends.count("done") == 1
    assert any("has an environment of this name" in end for end in ends), ends
    known = base.including("dev_orders_john_20261120")
    assert plan_provision(known, "dev_orders_john_20261120", NOW).empty


CHANGES = "^(CREATE|ALTER|GRANT|INSERT|DROP|UPDATE)"
FAULTS = [("error", "before"), ("drop", "after")]


@pytest.mark.parametrize("which", range(len(FAULTS)), ids=lambda which: "-".join(FAULTS[which]))
def test_a_failure_at_any_statement_is_finished_by_the_next_run(
    base: Workspace, fault: Callable[..., None], clear: Callable[[], int], which: int, every: bool
) -> None:
    """Refused, or its answer lost, at each ninth statement or at every one: one more run, and it is whole, unlocked."""
    do, when = FAULTS[which]
    number = 1 if every else 1 + 4 * which
    while True:
        request = asked(Kind.TESTING, feature=f"x{number}", team="nobody")
        fault(match=CHANGES, nth=number, when=when, do=do, errno=1)
        with suppress(SluiceError):
            create(base, "testing", request, NOW, holder="first", actor="john")
        if clear():
            break
        create(base, "testing", request, NOW, holder="first", actor="john")
        known = base.including(str(request.name))
        assert plan_provision(known, str(request.name), NOW).empty
        assert base.lives()[str(request.name)].state is State.READY
        with known.admin(str(request.name)) as session:
            session.run(use_warehouse(known.spec(str(request.name)).warehouse.name))
            assert locks.read(session, str(request.name)) is None
        number += 1 if every else 9
    assert number > 20
