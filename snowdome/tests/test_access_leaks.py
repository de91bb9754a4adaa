"""Ways past the privileges: results, views, definitions and settings of others are no way to what one may not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError

NOT_VISIBLE, INSUFFICIENT = 2003, 3001
NOT_EXPANDED = 2037
"""A view whose table cannot be seen."""
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def admin(snowdome: Any, ask: Ask) -> Any:
    """The administrator of an account with a secret table, and the users ANN (role OTTER) and BOB (role SEAL)."""
    connection = snowdome.connect()
    ask(
        connection,
        "create warehouse w",
        "create database pond",
        "create schema reeds",
        "create table reeds.secret as select 42 as x",
        *(f"create role {role}" for role in ("otter", "seal")),
        *(f"grant usage on warehouse w to role {role}" for role in ("otter", "seal")),
        *(f"grant usage on database pond to role {role}" for role in ("otter", "seal")),
        *(f"grant usage on schema pond.reeds to role {role}" for role in ("otter", "seal")),
        "create user ann password = 'a' default_role = otter default_warehouse = w default_secondary_roles = ()",
        "create user bob password = 'b' default_role = seal default_warehouse = w default_secondary_roles = ()",
        "grant role otter to user ann",
        "grant role seal to user bob",
    )
    return connection


@pytest.fixture
def ann(admin: Any, snowdome: Any) -> Any:
    """A session of ANN as OTTER."""
    return snowdome.connect(user="ann", password="a")


@pytest.fixture
def bob(admin: Any, snowdome: Any) -> Any:
    """A session of BOB as SEAL."""
    return snowdome.connect(user="bob", password="b")


def test_results_are_for_who_asked(admin: Any, ann: Any, ask: Ask, refused: Any) -> None:
    """RESULT_SCAN and the kept answer of a statement are for the user who ran it, in any of its sessions."""
    with admin.cursor() as cursor:
        cursor.execute("select x from pond.reeds.secret")
        query_id = cursor.sfqid
    assert ask(admin, f"select * from table(result_scan('{query_id}'))") == [{"X": 42}]
    assert refused(ann, f"select * from table(result_scan('{query_id}'))") != 0
    with ann.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.query_result(query_id)


def test_a_view_ends_with_its_owners_rights(admin: Any, ann: Any, bob: Any, ask: Ask, refused: Any) -> None:
    """Who may read a view reads it as its owner, and no longer once the owner has lost the table behind it."""
    ask(
        admin,
        "grant create view on schema pond.reeds to role otter",
        "grant select on table pond.reeds.secret to role otter",
    )
    ask(ann, "create view pond.reeds.v as select x from secret")
    ask(ann, "grant select on view pond.reeds.v to role seal")
    assert ask(bob, "select x from pond.reeds.v") == [{"X": 42}]
    ask(admin, "revoke select on table pond.reeds.secret from role otter")
    assert refused(bob, "select x from pond.reeds.v") == NOT_EXPANDED
    assert refused(ann, "select x from pond.reeds.v") == NOT_EXPANDED


def test_a_role_inherited_late_and_lost_early_counts_in_views(
    admin: Any, ann: Any, bob: Any, ask: Ask, refused: Any
) -> None:
    """What the view's owner inherits counts while it inherits it."""
    ask(
        admin,
        "grant create view on schema pond.reeds to role otter",
        "create role keeper",
        "grant select on table pond.reeds.secret to role keeper",
        "grant role keeper to role otter",
    )
    ask(ann, "create view pond.reeds.v as select x from secret", "grant select on view pond.reeds.v to role seal")
    assert ask(bob, "select x from pond.reeds.v") == [{"X": 42}]
    ask(admin, "revoke role keeper from role otter")
    assert refused(bob, "select x from pond.reeds.v") == NOT_EXPANDED


def test_a_subquery_or_cte_is_no_way_in(ann: Any, refused: Any) -> None:
    """Wherever a table is named in a statement it takes SELECT."""
    for statement in (
        "with a as (select x from pond.reeds.secret) select * from a",
        "select (select max(x) from pond.reeds.secret)",
        "select 1 where exists (select 1 from pond.reeds.secret)",
        "create temporary table pond.reeds.mine as select * from pond.reeds.secret",
        "explain select * from pond.reeds.secret",
        "select * from identifier('pond.reeds.secret')",
        "select * from table('pond.reeds.secret')",
    ):
        assert refused(ann, statement) != 0, statement


def test_definitions_of_what_one_may_not_see(admin: Any, ann: Any, ask: Ask, refused: Any) -> None:
    """GET_DDL, DESCRIBE, SHOW COLUMNS, tags and the information schema keep what a role may not see."""
    ask(admin, "create tag pond.reeds.k", "alter table pond.reeds.secret set tag pond.reeds.k = 'v'")
    for statement in (
        "select get_ddl('table', 'pond.reeds.secret')",
        "describe table pond.reeds.secret",
        "show columns in table pond.reeds.secret",
        "show grants on table pond.reeds.secret",
        "show parameters in table pond.reeds.secret",
        "show primary keys in table pond.reeds.secret",
        "select system$get_tag('pond.reeds.k', 'pond.reeds.secret', 'table')",
        "select * from table(pond.information_schema.tag_references('pond.reeds.secret', 'table'))",
    ):
        assert refused(ann, statement) != 0, statement
    for view, column in (("tables", "table_name"), ("columns", "table_name"), ("table_privileges", "table_name")):
        found = ask(ann, f"select {column} as n from pond.information_schema.{view} where table_schema = 'REEDS'")
        assert "SECRET" not in {row["N"] for row in found}
    assert ask(ann, "show tables in schema pond.reeds") == []
    assert ask(ann, "show objects in schema pond.reeds") == []


def test_settings_of_other_users_are_theirs(ann: Any, refused: Any) -> None:
    """Parameters and properties of another user are not shown."""
    for statement in ("show parameters for user admin", "describe user admin"):
        assert refused(ann, statement) in (NOT_VISIBLE, INSUFFICIENT), statement


def test_imported_privileges_are_for_imported_databases(admin: Any, refused: Any) -> None:
    """IMPORTED PRIVILEGES exist on SNOWFLAKE, which is shared, and on no database of one's own."""
    assert refused(admin, "grant imported privileges on database pond to role otter") != 0
    assert refused(admin, "grant imported privileges on database snowflake to role otter") == 0


def test_what_is_cloned_is_what_may_be_read(admin: Any, ann: Any, ask: Ask, refused: Any) -> None:
    """Cloning a schema or a database takes along only what the role may select."""
    ask(
        admin,
        "create table pond.reeds.open as select 1 as x",
        "grant select on table pond.reeds.open to role otter",
        "grant create schema on database pond to role otter",
        "grant create database on account to role otter",
    )
    ask(ann, "create schema pond.copy clone pond.reeds", "create database lake clone pond")
    assert [row["name"] for row in ask(admin, "show tables in schema pond.copy")] == ["OPEN"]
    assert [row["name"] for row in ask(admin, "show tables in schema lake.reeds")] == ["OPEN"]
    assert refused(ann, "create table pond.copy.mine clone pond.reeds.secret") != 0
