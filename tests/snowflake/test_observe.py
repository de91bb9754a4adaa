"""What is read from an account: whole, by name, and in a number of look-ups that does not grow with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.promotion.contents import of_kinds
from sluice.domain.promotion.database_rights import Right
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.promotion.gate_checks import judge_outside
from sluice.domain.promotion.gate_policy import ObjectKindsGate
from sluice.errors import StopError
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import contents, database_access, observe, resources, row_parsing, warehouses
from sluice.snowflake.connect import Session
from sluice.snowflake.outside_consumers import outside_consumers
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

LIVE = Identifier("LIVE")
MARKER = Marker("prod", "d20261120t224901-1a2b3c", "r1")


@pytest.fixture(autouse=True)
def _live(admin: Session) -> None:
    admin.run(Statement("CREATE DATABASE LIVE COMMENT = %s", (MARKER.comment,)))
    for sql in (
        "CREATE SCHEMA LIVE.MARTS",
        "CREATE TABLE LIVE.MARTS.T (A NUMBER(12,2) NOT NULL, B VARCHAR)",
        "INSERT INTO LIVE.MARTS.T SELECT 1, 'x'",
        'CREATE TABLE LIVE.MARTS."odd name" (A NUMBER)',
        "CREATE VIEW LIVE.MARTS.V AS SELECT A FROM MARTS.T",
        "CREATE ROLE OLIST_READER",
        "GRANT USAGE ON DATABASE LIVE TO ROLE OLIST_READER",
        "GRANT USAGE ON SCHEMA LIVE.MARTS TO ROLE OLIST_READER",
        'GRANT SELECT ON TABLE LIVE.MARTS."odd name" TO ROLE OLIST_READER',
        "GRANT SELECT ON FUTURE TABLES IN DATABASE LIVE TO ROLE OLIST_READER",
    ):
        admin.run(Statement(sql))


def test_databases_are_told_by_their_marker(admin: Session) -> None:
    """Ours says so, others do not."""
    admin.run(Statement("CREATE TRANSIENT DATABASE OTHER COMMENT = 'mine'"))
    found = {one.name.name: one for one in observe.databases(admin)}
    assert found["LIVE"].marker == MARKER
    assert found["OTHER"].marker is None
    assert (found["LIVE"].transient, found["OTHER"].transient) == (False, True)
    assert observe.markers(admin, "LIV") == {"LIVE": MARKER}


def test_an_inventory_holds_kinds_rows_changes_and_columns(admin: Session) -> None:
    """Tables and views, in two statements."""
    before = admin.statements
    found = observe.inventory(admin, LIVE)
    assert admin.statements - before == 2
    assert set(found) == {"MARTS.T", "MARTS.V", "MARTS.odd name"}
    assert (found["MARTS.T"].kind, found["MARTS.T"].rows) == ("TABLE", 1)
    assert found["MARTS.T"].columns == (("A", "NUMBER(12,2)"), ("B", "TEXT"))
    assert found["MARTS.V"].kind == "VIEW"
    assert [name for name, _ in found["MARTS.V"].columns] == ["A"]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO LIVE.MARTS.T SELECT 2, 'y'",
        "UPDATE LIVE.MARTS.T SET B = 'z'",
        "ALTER TABLE LIVE.MARTS.T ADD COLUMN C NUMBER",
        "CREATE TABLE LIVE.MARTS.NEW (A NUMBER)",
        "DROP TABLE LIVE.MARTS.T",
        "CREATE OR REPLACE VIEW LIVE.MARTS.V AS SELECT B FROM MARTS.T",
    ],
)
def test_every_change_shows_in_the_inventory(admin: Session, sql: str) -> None:
    """A foreign writer cannot hide: rows, last change, columns or names differ."""
    before = observe.inventory(admin, LIVE)
    assert observe.inventory(admin, LIVE) == before
    admin.run(Statement(sql))
    assert observe.inventory(admin, LIVE) != before


def test_view_texts_are_as_written(admin: Session) -> None:
    """The self-containment gate reads what was said, not what it means today."""
    assert "FROM MARTS.T" in observe.view_texts(admin, LIVE)["MARTS.V"]


def test_rights_are_read_without_the_databases_name(admin: Session) -> None:
    """Of every grantee, names that need quotes too, and those to come; so that live and candidate can be compared."""
    for sql in (
        "CREATE DATABASE ROLE LIVE.READ_ALL",
        "GRANT SELECT ON TABLE LIVE.MARTS.T TO DATABASE ROLE LIVE.READ_ALL WITH GRANT OPTION",
        "CREATE ROLE BELOW",
        "CREATE ROLE BI",
        "GRANT DATABASE ROLE LIVE.READ_ALL TO ROLE BI",
        "GRANT ROLE BELOW TO ROLE BI",
        "GRANT SELECT ON VIEW LIVE.MARTS.V TO ROLE BELOW",
    ):
        admin.run(Statement(sql))
    held = database_access.rights(admin, (LIVE,), (), owner=Identifier("SLUICE_PROD"))[LIVE]
    assert Right("OLIST_READER", "USAGE", "DATABASE", "") in held
    assert Right("OLIST_READER", "USAGE", "SCHEMA", "MARTS") in held
    assert Right("OLIST_READER", "SELECT", "TABLE", "MARTS.odd name") in held
    assert Right("OLIST_READER", "SELECT", "TABLE", "<FUTURE>") in held
    assert Right("READ_ALL", "SELECT", "TABLE", "MARTS.T", True, "DATABASE_ROLE") in held
    assert Right("BI", "USAGE", "DATABASE_ROLE", "READ_ALL") in held
    assert Right("BELOW", "SELECT", "VIEW", "MARTS.V") in held


def test_every_right_can_be_given_and_taken(admin: Session) -> None:
    """What is read of one database can be granted on another, and revoked again."""
    admin.run(Statement("CREATE DATABASE ROLE LIVE.READ_ALL"))
    admin.run(Statement("CREATE ROLE BI"))
    changes = (
        Right("OLIST_READER", "SELECT", "TABLE", "MARTS.T", grant_option=True),
        Right("OLIST_READER", "MONITOR", "DATABASE", ""),
        Right("OLIST_READER", "SELECT", "VIEW", "MARTS.<FUTURE>"),
        Right("READ_ALL", "SELECT", "TABLE", "MARTS.odd name", grantee_type="DATABASE_ROLE"),
        Right("BI", "USAGE", "DATABASE_ROLE", "READ_ALL"),
    )
    before = database_access.rights(admin, (LIVE,), (), owner=Identifier("SLUICE_PROD"))[LIVE]
    for right in changes:
        admin.run(database_access.change(LIVE, right, give=True))
    given = database_access.rights(admin, (LIVE,), (), owner=Identifier("SLUICE_PROD"))[LIVE]
    assert given - before == set(changes)
    for right in changes:
        admin.run(database_access.change(LIVE, right, give=False))
    assert database_access.rights(admin, (LIVE,), (), owner=Identifier("SLUICE_PROD"))[LIVE] == before


def test_contents_are_of_every_kind(admin: Session) -> None:
    """One look for each kind; of none that a swap would break is there anything."""
    for sql in ("CREATE STAGE LIVE.MARTS.S", "CREATE SEQUENCE LIVE.MARTS.N", "CREATE TAG LIVE.MARTS.G"):
        admin.run(Statement(sql))
    before = admin.statements
    held = contents.contents(admin, LIVE)
    assert admin.statements - before == len(contents.KINDS)
    assert sorted(str(thing) for thing in held if thing.name.startswith("MARTS")) == [
        "schema MARTS", "sequence MARTS.N", "stage MARTS.S", "table MARTS.T", "table MARTS.odd name", "tag MARTS.G",
        "view MARTS.V",
    ]  # fmt: skip
    assert of_kinds(held, ObjectKindsGate().refused) == {}


def test_more_than_show_tells_is_read_on(admin: Session) -> None:
    """SHOW ends at ten thousand rows: tables, views and schemas are asked for by the page, the rest is refused."""
    whole = contents.contents(admin, LIVE, ("TABLE", "VIEW", "SCHEMA"))
    assert contents.contents(admin, LIVE, ("TABLE", "VIEW", "SCHEMA"), page=1) == whole
    admin.run(Statement("CREATE STAGE LIVE.MARTS.S"))
    with pytest.raises(StopError, match="SHOW tells of 1 stages at most"):
        contents.contents(admin, LIVE, ("STAGE",), page=1)


def test_what_hangs_on_a_database_from_outside_is_named(admin: Session) -> None:
    """Streams and dynamic tables of another database; what is of the database itself, or reads another, is not."""
    assert outside_consumers(admin, LIVE) == {}
    for sql in (
        "CREATE WAREHOUSE LAG_WH WITH WAREHOUSE_SIZE = XSMALL",
        "CREATE DATABASE OTHER",
        "CREATE TABLE OTHER.PUBLIC.MINE (A NUMBER)",
        "CREATE STREAM OTHER.PUBLIC.NEWS ON TABLE LIVE.MARTS.T",
        "CREATE STREAM OTHER.PUBLIC.OWN ON TABLE OTHER.PUBLIC.MINE",
        "CREATE STREAM LIVE.MARTS.INSIDE ON TABLE LIVE.MARTS.T",
        (
            "CREATE DYNAMIC TABLE OTHER.PUBLIC.LAGGING TARGET_LAG = '1 day' WAREHOUSE = LAG_WH "
            "AS SELECT A FROM LIVE.MARTS.T"
        ),
    ):
        admin.run(Statement(sql))
    found = outside_consumers(admin, LIVE)
    assert found == {"OTHER.PUBLIC.NEWS": "stream on LIVE.MARTS.T", "OTHER.PUBLIC.LAGGING": "dynamic table"}
    assert judge_outside(found, ()).verdict is Verdict.FAIL
    assert judge_outside(found, tuple(found)).verdict is Verdict.PASS


def test_a_warehouse_tells_what_it_does(admin: Session) -> None:
    """By exact name: LIKE would take an underscore for any letter."""
    admin.run(Statement("CREATE WAREHOUSE A_B WITH WAREHOUSE_SIZE = XSMALL INITIALLY_SUSPENDED = TRUE"))
    admin.run(Statement("CREATE WAREHOUSE AXB WITH WAREHOUSE_SIZE = SMALL"))
    state = warehouses.find(admin, Identifier("A_B"))
    assert state is not None
    assert (state.size, state.state) == ("XSMALL", "SUSPENDED")
    assert warehouses.find(admin, Identifier("NONE")) is None


def test_look_ups_do_not_grow_with_the_environment(work: Workspace, admin: Session) -> None:
    """Observing an environment of twenty tables costs what one of none costs."""
    provision(work, "dev", datetime.now(UTC), holder="one")
    spec = work.spec("dev")

    def cost() -> int:
        before = admin.statements
        resources.observe(admin, spec)
        return admin.statements - before

    empty = cost()
    with work.session("dev") as service:
        service.run(Statement("CREATE SCHEMA OLIST_DEV.MARTS"))
        for number in range(20):
            service.run(Statement(f"CREATE TABLE OLIST_DEV.MARTS.T{number} AS SELECT 1 AS A"))
    assert cost() == empty


@pytest.mark.parametrize(
    ("shown", "parts"),
    [
        ("A", ["A"]),
        ("A.B.C", ["A", "B", "C"]),
        ('A."b c"."d.e""f"', ["A", "b c", 'd.e"f']),
        ("A.B.<TABLE>", ["A", "B"]),
        ("A.<SCHEMA>", ["A"]),
        ("A.B.F(NUMBER, VARCHAR)", ["A", "B", "F"]),
    ],
)
def test_shown_names_are_taken_apart(shown: str, parts: list[str]) -> None:
    """Quotes, dots within quotes, future grants and signatures."""
    assert row_parsing.qualified(shown) == Qualified(*(Identifier.from_account(part) for part in parts))


def test_now_is_the_accounts_time(account: Snowdome, admin: Session) -> None:
    """What ends, ends by the account's clock, be it days ahead of ours."""
    before = observe.now(admin)
    driven = datetime.fromisoformat(account.clock(advance_seconds=3 * 86_400))
    assert before + timedelta(days=3) <= observe.now(admin)
    assert observe.now(admin) - driven < timedelta(minutes=10)
