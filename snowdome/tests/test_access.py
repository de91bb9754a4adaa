"""Who may do what: roles, privileges and their refusals, asked by other sessions than the administrator's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

NOT_VISIBLE, INSUFFICIENT, NOT_ASSIGNED = 2003, 3001, 3013


@pytest.fixture(scope="module")
def world(snowdome_module: Any, ask: Any) -> Any:
    """A database with a table and a view, a reader role, and the user ANN who has only that role."""
    admin = snowdome_module.connect()
    ask(
        admin,
        "create warehouse w",
        "create database pond",
        "create schema reeds",
        "create table reeds.t as select 1 as x",
        "create table reeds.hidden as select 2 as x",
        "create view reeds.v as select x from hidden",
        "create role reader",
        "create user ann password = 'ann' default_role = reader default_warehouse = w default_secondary_roles = ()",
        "grant role reader to user ann",
        "grant usage on warehouse w to role reader",
    )
    return admin


@pytest.fixture
def ann(world: Any, snowdome_module: Any) -> Iterator[Any]:
    """A session of ANN as READER."""
    connection = snowdome_module.connect(user="ann", password="ann")
    yield connection
    connection.close(retry=False)


@pytest.fixture
def bare(world: Any, ask: Any) -> Any:
    """The reader holds nothing in the database."""
    ask(
        world,
        "use database pond",
        "revoke all on all tables in schema pond.reeds from role reader",
        "revoke all on all views in schema pond.reeds from role reader",
        "revoke all on schema pond.reeds from role reader",
        "revoke all on database pond from role reader",
    )
    return world


def test_what_a_role_may_not_see_does_not_exist(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """Without any privilege on it, neither database, schema nor table exists for a role."""
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    assert refused(ann, "use database pond") == 2043
    assert ask(ann, "show databases like 'pond'") == []


def test_reading_takes_usage_usage_and_select(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """A table is read with USAGE on database and schema and SELECT, and one missing is enough to be refused."""
    ask(bare, "grant select on table pond.reeds.t to role reader")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    ask(bare, "grant usage on database pond to role reader")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    ask(bare, "grant usage on schema pond.reeds to role reader")
    assert ask(ann, "select * from pond.reeds.t") == [{"X": 1}]
    assert refused(ann, "select * from pond.reeds.hidden") == NOT_VISIBLE
    ask(bare, "revoke select on table pond.reeds.t from role reader")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE


def test_a_visible_table_that_may_not_be_changed(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """With SELECT alone, INSERT, UPDATE, DELETE, TRUNCATE and DROP are refused as insufficient."""
    ask(
        bare,
        "grant usage on database pond to role reader",
        "grant usage on schema pond.reeds to role reader",
        "grant select on table pond.reeds.t to role reader",
    )
    for statement in (
        "insert into pond.reeds.t values (2)",
        "update pond.reeds.t set x = 3",
        "delete from pond.reeds.t",
        "truncate table pond.reeds.t",
        "drop table pond.reeds.t",
        "alter table pond.reeds.t rename to pond.reeds.t9",
        "alter table pond.reeds.t add column y int",
        "comment on table pond.reeds.t is 'mine'",
        "create table pond.reeds.t2 (x int)",
        "create schema pond.mine",
        "drop schema pond.reeds",
        "drop database pond",
        "alter database pond rename to mine",
        "grant select on table pond.reeds.t to role public",
    ):
        assert refused(ann, statement) == INSUFFICIENT, statement


def test_a_view_reads_with_its_owners_rights(bare: Any, ann: Any, ask: Any) -> None:
    """SELECT on a view is enough: the tables behind it are read as its owner."""
    ask(
        bare,
        "grant usage on database pond to role reader",
        "grant usage on schema pond.reeds to role reader",
        "grant select on view pond.reeds.v to role reader",
    )
    assert ask(ann, "select * from pond.reeds.v") == [{"X": 2}]


def test_the_account_is_for_its_administrators(world: Any, ann: Any, refused: Any) -> None:
    """A plain role makes no database, warehouse, role, user or monitor."""
    for statement in (
        "create database mine",
        "create warehouse mine",
        "create role mine",
        "create user mine",
        "create resource monitor mine with credit_quota = 1",
        "alter account set timezone = 'UTC'",
        "alter user admin set comment = 'x'",
        "drop role reader",
    ):
        assert refused(ann, statement) in (INSUFFICIENT, NOT_VISIBLE), statement


def test_roles_of_others_cannot_be_used(world: Any, ann: Any, ask: Any, refused: Any) -> None:
    """USE ROLE takes only roles that the user has; a login asking for another is refused."""
    assert refused(ann, "use role sysadmin") == NOT_ASSIGNED
    assert ask(ann, "use role public", "select current_role() as r") == [{"R": "PUBLIC"}]
    assert ask(ann, "select current_available_roles() as r") == [{"R": '["PUBLIC", "READER"]'}]


def test_a_role_inherits_what_is_granted_to_it(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """Privileges reach a role through the roles granted to it, at any depth, and end with the grant."""
    ask(
        bare,
        "create or replace role inner_role",
        "create or replace role middle_role",
        "grant role inner_role to role middle_role",
        "grant role middle_role to role reader",
        "grant usage on database pond to role inner_role",
        "grant usage on schema pond.reeds to role inner_role",
        "grant select on table pond.reeds.t to role inner_role",
    )
    assert ask(ann, "select * from pond.reeds.t") == [{"X": 1}]
    assert ask(ann, "use role inner_role", "select current_role() as r") == [{"R": "INNER_ROLE"}]
    ask(bare, "revoke role middle_role from role reader")
    ask(ann, "use role reader")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    assert refused(ann, "use role inner_role") == NOT_ASSIGNED


def test_secondary_roles_count_when_switched_on(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """With USE SECONDARY ROLES ALL the user's other roles count for reading; with NONE they do not."""
    ask(
        bare,
        "create or replace role other",
        "grant role other to user ann",
        "grant usage on database pond to role other",
        "grant usage on schema pond.reeds to role other",
        "grant select on table pond.reeds.t to role other",
    )
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    assert ask(ann, "use secondary roles all", "select * from pond.reeds.t") == [{"X": 1}]
    ask(ann, "use secondary roles none")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE


def test_only_the_primary_role_creates(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """What a secondary role may create, the session may not."""
    ask(
        bare,
        "create or replace role maker",
        "grant role maker to user ann",
        "grant usage on database pond to role maker",
        "grant usage, create table on schema pond.reeds to role maker",
    )
    ask(ann, "use secondary roles all")
    assert refused(ann, "create table pond.reeds.made (x int)") == INSUFFICIENT
    assert (
        ask(ann, "use role maker", "create table pond.reeds.made (x int)", "show tables like 'made' in pond.reeds")[0][
            "owner"
        ]
        == "MAKER"
    )
    ask(ann, "drop table pond.reeds.made")


def test_future_grants_of_the_schema_win(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """A schema's future grants on tables make the database's on tables ignored, for every role."""
    ask(
        bare,
        "create or replace role other",
        "grant usage on database pond to role reader",
        "create or replace schema pond.a",
        "create or replace schema pond.b",
        "grant usage on all schemas in database pond to role reader",
        "grant select on future tables in database pond to role reader",
        "grant select on future tables in schema pond.b to role other",
        "create table pond.a.t as select 1 as x",
        "create table pond.b.t as select 1 as x",
    )
    assert ask(ann, "select * from pond.a.t") == [{"X": 1}]
    assert refused(ann, "select * from pond.b.t") == NOT_VISIBLE
    ask(bare, "create table pond.a.u clone pond.b.t", "alter table pond.b.t rename to pond.a.moved")
    assert ask(ann, "select * from pond.a.u") == [{"X": 1}]
    assert refused(ann, "select * from pond.a.moved") == NOT_VISIBLE
    ask(bare, "revoke select on future tables in database pond from role reader")


def test_managed_access_takes_granting_from_owners(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """In a schema with managed access the owner of a table cannot pass privileges on."""
    ask(
        bare,
        "grant usage on database pond to role reader",
        "create or replace schema pond.kept with managed access",
        "grant usage, create table on schema pond.kept to role reader",
    )
    ask(ann, "create table pond.kept.t (x int)")
    assert refused(ann, "grant select on table pond.kept.t to role public") == INSUFFICIENT
    ask(bare, "alter schema pond.kept disable managed access")
    assert refused(ann, "grant select on table pond.kept.t to role public") == 0


def test_grant_option_can_be_passed_on_and_taken_back(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """WITH GRANT OPTION lets the grantee grant; taking it back needs CASCADE while others depend on it."""
    ask(bare, "grant usage on database pond to role reader with grant option")
    assert refused(ann, "grant usage on database pond to role public") == 0
    assert refused(bare, "revoke usage on database pond from role reader") == 3036
    ask(bare, "revoke usage on database pond from role reader cascade")
    assert [g["privilege"] for g in ask(bare, "show grants on database pond") if g["grantee_name"] == "PUBLIC"] == []


def test_a_user_sees_itself_and_a_role_its_grants(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """SHOW GRANTS answers about one's own roles and refuses those of others."""
    assert {row["role"] for row in ask(ann, "show grants")} >= {"READER"}
    assert "USAGE" in {row["privilege"] for row in ask(ann, "show grants to role reader")}
    assert refused(ann, "show grants to role sysadmin") == NOT_VISIBLE
    assert [row["name"] for row in ask(ann, "show users")] == ["ANN"]


def test_the_administrator_does_not_own_everything(world: Any, ask: Any, refused: Any) -> None:
    """ACCOUNTADMIN sees the objects of a role outside its hierarchy and may grant on them, not read or drop them."""
    ask(
        world,
        "create or replace role stranger",
        "create or replace database abroad",
        "create table abroad.public.t as select 1 as x",
        "grant ownership on all tables in schema abroad.public to role stranger",
        "grant ownership on schema abroad.public to role stranger",
        "grant ownership on database abroad to role stranger",
    )
    assert refused(world, "select * from abroad.public.t") == INSUFFICIENT
    assert refused(world, "drop database abroad") == INSUFFICIENT
    assert refused(world, "alter database abroad swap with pond") == INSUFFICIENT
    ask(world, "grant role stranger to role sysadmin", "drop database abroad", "drop role stranger")


def test_inherited_grants_take_an_account_that_has_them_on(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """An INHERITED grant covers tables made before and after it, and only where the account allows such grants."""
    grant = "grant inherited select on all tables in database pond to role reader"
    ask(bare, "grant usage on database pond to role reader", "grant usage on schema pond.reeds to role reader")
    assert refused(bare, grant) == 3008
    ask(bare, "alter account set feature_rbac_inherited_grants = 'ENABLED'", grant)
    ask(bare, "create or replace table pond.reeds.later as select 5 as x")
    assert ask(ann, "select * from pond.reeds.hidden") == [{"X": 2}]
    assert ask(ann, "select * from pond.reeds.later") == [{"X": 5}]
    ask(bare, grant.replace("grant", "revoke", 1).replace(" to ", " from "))
    assert refused(ann, "select * from pond.reeds.later") == NOT_VISIBLE


def test_who_may_suspend_and_who_may_change_a_warehouse(world: Any, ann: Any, ask: Any, refused: Any) -> None:
    """OPERATE suspends and resumes, MODIFY alters, MANAGE WAREHOUSES does both everywhere."""
    ask(world, "create or replace warehouse mill auto_suspend = 0")
    assert refused(ann, "alter warehouse mill suspend") == NOT_VISIBLE
    ask(world, "grant monitor on warehouse mill to role reader")
    assert refused(ann, "alter warehouse mill suspend") == INSUFFICIENT
    ask(world, "grant operate on warehouse mill to role reader")
    assert refused(ann, "alter warehouse mill suspend") == 0
    assert refused(ann, "alter warehouse mill set auto_suspend = 60") == INSUFFICIENT
    ask(world, "grant modify on warehouse mill to role reader")
    assert refused(ann, "alter warehouse mill set auto_suspend = 60") == 0
    assert refused(ann, "alter warehouse mill set resource_monitor = null") == INSUFFICIENT
    assert refused(ann, "drop warehouse mill") == INSUFFICIENT
    ask(world, "drop warehouse mill")


def test_tags_take_apply(bare: Any, ann: Any, ask: Any, refused: Any) -> None:
    """Setting a tag takes APPLY on it and ownership of the object, or APPLY TAG on the account."""
    ask(
        bare,
        "create or replace schema pond.gov",
        "create tag pond.gov.env",
        "grant usage on database pond to role reader",
    )
    assert refused(ann, "alter database pond set tag pond.gov.env = 'x'") in (INSUFFICIENT, NOT_VISIBLE)
    ask(bare, "grant apply tag on account to role reader")
    assert refused(ann, "alter database pond set tag pond.gov.env = 'x'") == 0
    ask(bare, "revoke apply tag on account from role reader")
