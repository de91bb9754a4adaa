"""Grants in their finer rules, and every form of SHOW GRANTS, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NOT_VISIBLE, INSUFFICIENT, NOT_ASSIGNED, INVALID = 2003, 3001, 3013, 3008
Rows = list[dict[str, Any]]


@pytest.fixture
def admin(snowdome: Any, ask: Any) -> Any:
    """The administrator of an account with a database, a table, two roles and the user ANN."""
    connection = snowdome.connect()
    ask(
        connection,
        "create warehouse w",
        "create database pond",
        "create schema reeds",
        "create table reeds.t as select 1 as x",
        "create role otter",
        "create role seal",
        "create user ann password = 'a' default_role = otter default_warehouse = w default_secondary_roles = ()",
        "grant role otter to user ann",
        "grant usage on warehouse w to role public",
    )
    return connection


@pytest.fixture
def ann(admin: Any, snowdome: Any) -> Any:
    """A session of ANN as OTTER."""
    return snowdome.connect(user="ann", password="a")


def held(rows: Rows, *columns: str) -> set[tuple[Any, ...]]:
    """Those columns of the rows."""
    return {tuple(row[column] for column in columns) for row in rows}


# -- the forms of SHOW GRANTS ---------------------------------------------------------------------------------------
def test_every_form_of_show_grants_has_its_columns(admin: Any, ask: Callable[..., Rows]) -> None:
    """ON tells the grantor's kind, TO ROLE does not, TO USER names roles, OF lists members, FUTURE says grant_on."""
    ask(
        admin,
        "create database role pond.fish",
        "grant database role pond.fish to role otter",
        "grant select on future tables in schema pond.reeds to database role pond.fish",
        "grant select on future tables in database pond to role otter",
        "grant select on table pond.reeds.t to role otter",
    )
    privilege = ["created_on", "privilege", "granted_on", "name"]
    grantee = ["granted_to", "grantee_name", "grant_option", "granted_by"]
    member = ["created_on", "role", "granted_to", "grantee_name", "granted_by"]
    future = ["created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option"]
    for statement, columns in {
        "show grants on account": [*privilege, *grantee, "granted_by_role_type"],
        "show grants on database pond": [*privilege, *grantee, "granted_by_role_type"],
        "show grants on table pond.reeds.t": [*privilege, *grantee, "granted_by_role_type"],
        "show grants on database role pond.fish": [*privilege, *grantee, "granted_by_role_type"],
        "show grants to role otter": [*privilege, *grantee],
        "show grants to database role pond.fish": [*privilege, *grantee],
        "show grants to user ann": [*privilege, "role", *grantee],
        "show grants": [*privilege, "role", *grantee],
        "show grants of role otter": member,
        "show grants of database role pond.fish": member,
        "show future grants in schema pond.reeds": future,
        "show future grants in database pond": future,
        "show future grants to role otter": future,
        "show future grants to database role pond.fish": future,
    }.items():
        rows = ask(admin, statement)
        assert rows, statement
        assert list(rows[0]) == columns, statement
        assert len(ask(admin, statement + " limit 1")) == 1


def test_grants_to_and_of_a_database_role(admin: Any, ask: Callable[..., Rows]) -> None:
    """A database role may use its database at once, is a grantee by its bare name, and is named in full in OF."""
    ask(admin, "create database role pond.fish", "grant database role pond.fish to role otter")
    assert held(ask(admin, "show grants to database role pond.fish"), "privilege", "granted_on", "name") == {
        ("USAGE", "DATABASE", "POND")
    }
    assert ("DATABASE_ROLE", "FISH") in held(ask(admin, "show grants on database pond"), "granted_to", "grantee_name")
    assert held(ask(admin, "show grants of database role pond.fish"), "role", "grantee_name") == {
        ("POND.FISH", "OTTER")
    }


def test_managed_access_in_show_grants(admin: Any, ask: Callable[..., Rows]) -> None:
    """On a schema with managed access its owner has MANAGE GRANTS, and nobody in it passes anything on."""
    ask(
        admin,
        "grant select on table pond.reeds.t to role otter with grant option",
        "alter schema pond.reeds enable managed access",
    )
    assert ("MANAGE GRANTS", "ACCOUNTADMIN") in held(
        ask(admin, "show grants on schema pond.reeds"), "privilege", "grantee_name"
    )
    assert held(ask(admin, "show grants on table pond.reeds.t"), "grant_option") == {("false",)}


def test_asking_about_others(ann: Any, admin: Any, refused: Any, ask: Callable[..., Rows]) -> None:
    """One asks about oneself and one's roles; the grants of others take MANAGE GRANTS."""
    assert refused(ann, "show grants to user ann") == 0
    for statement in ("show grants to user admin", "show grants to role seal", "show grants of role seal"):
        assert refused(ann, statement) == NOT_VISIBLE
    ask(admin, "grant manage grants on account to role otter")
    for statement in ("show grants to user admin", "show grants to role seal", "show grants of role seal"):
        assert refused(ann, statement) == 0


def test_shares_are_refused_by_name(admin: Any, refused: Any, ask: Callable[..., Rows]) -> None:
    """There are no shares: making one, granting to one and asking about one is refused by name."""
    for statement in (
        "create share s",
        "drop share s",
        "grant usage on database pond to share s",
        "revoke usage on database pond from share s",
        "show grants to share s",
        "show grants of share s",
    ):
        assert refused(admin, statement) == 2, statement
    assert ask(admin, "show shares") == []


# -- who grants what ------------------------------------------------------------------------------------------------
def test_privileges_of_a_user_count_with_all_secondary_roles(
    admin: Any, ann: Any, ask: Callable[..., Rows], refused: Any
) -> None:
    """What is granted to a user directly counts only with USE SECONDARY ROLES ALL, and is never CREATE or OWNERSHIP."""
    ask(
        admin,
        "grant usage on database pond to user ann",
        "grant usage on schema pond.reeds to user ann",
        "grant select on table pond.reeds.t to user ann",
    )
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    assert ask(ann, "use secondary roles all", "select * from pond.reeds.t") == [{"X": 1}]
    assert ("SELECT", None, "USER") in held(ask(admin, "show grants to user ann"), "privilege", "role", "granted_to")
    for statement in (
        "grant create table on schema pond.reeds to user ann",
        "grant ownership on table pond.reeds.t to user ann",
        "grant select on future tables in schema pond.reeds to user ann",
    ):
        assert refused(admin, statement) == INVALID
    ask(admin, "revoke select on table pond.reeds.t from user ann")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE


def test_some_secondary_roles(admin: Any, ann: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """USE SECONDARY ROLES with a list takes roles the user has, and each counts while the user has it."""
    ask(
        admin,
        "grant role seal to user ann",
        "grant usage on database pond to role seal",
        "grant usage on schema pond.reeds to role seal",
        "grant select on table pond.reeds.t to role seal",
    )
    assert refused(ann, "use secondary roles seal, sysadmin") == NOT_ASSIGNED
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE
    assert ask(ann, "use secondary roles seal", "select * from pond.reeds.t") == [{"X": 1}]
    assert ask(ann, "select current_secondary_roles() as s") == [{"S": '{"roles":"SEAL","value":""}'}]
    ask(admin, "revoke role seal from user ann")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE


def test_a_role_that_is_taken_away_counts_no_more(admin: Any, ann: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """A session whose role is revoked from its user can do what PUBLIC can."""
    ask(
        admin,
        "grant usage on database pond to role otter",
        "grant usage on schema pond.reeds to role otter",
        "grant select on table pond.reeds.t to role otter",
    )
    assert ask(ann, "select * from pond.reeds.t") == [{"X": 1}]
    ask(admin, "revoke role otter from user ann")
    assert refused(ann, "select * from pond.reeds.t") == NOT_VISIBLE


def test_a_role_can_be_passed_on_with_the_grant_option(
    admin: Any, ann: Any, ask: Callable[..., Rows], refused: Any
) -> None:
    """WITH GRANT OPTION lets a role grant another role; taking it back needs CASCADE once it was passed on."""
    ask(admin, "grant role seal to role otter")
    assert refused(ann, "grant role seal to role public") == INSUFFICIENT
    ask(admin, "grant role seal to role otter with grant option", "create role cub")
    assert refused(ann, "grant role seal to role cub") == 0
    assert refused(admin, "revoke role seal from role otter") == 3036
    ask(admin, "revoke grant option for role seal from role otter cascade")
    assert held(ask(admin, "show grants of role seal"), "grantee_name") == {("OTTER",)}
    assert refused(admin, "grant role seal to user ann with grant option") == 1003


def test_what_hangs_on_a_dropped_role(admin: Any, ann: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """With a role go the grants to it and by it; what it owned is the dropper's; the current role cannot be dropped."""
    ask(
        admin,
        "grant usage on database pond to role otter with grant option",
        "grant create schema on database pond to role otter",
        "grant ownership on role otter to role otter",
    )
    ask(ann, "create schema pond.den", "grant usage on database pond to role seal")
    assert refused(ann, "drop role otter") == INSUFFICIENT
    ask(admin, "grant ownership on role otter to role accountadmin copy current grants", "drop role otter")
    assert held(ask(admin, "show grants on database pond"), "grantee_name") == {("ACCOUNTADMIN",)}
    assert ask(admin, "show schemas like 'den' in database pond")[0]["owner"] == "ACCOUNTADMIN"


# -- ownership ------------------------------------------------------------------------------------------------------
def test_ownership_with_the_grants_copied_or_revoked(admin: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """Outbound grants block a transfer unless they are copied (the new owner grants them) or revoked."""
    ask(admin, "grant select on table pond.reeds.t to role seal")
    assert refused(admin, "grant ownership on table pond.reeds.t to role otter") == 3036
    ask(admin, "grant ownership on table pond.reeds.t to role otter copy current grants")
    assert held(ask(admin, "show grants on table pond.reeds.t"), "privilege", "grantee_name", "granted_by") == {
        ("OWNERSHIP", "OTTER", "OTTER"),
        ("SELECT", "SEAL", "OTTER"),
    }
    ask(admin, "grant ownership on table pond.reeds.t to role accountadmin revoke current grants")
    assert held(ask(admin, "show grants on table pond.reeds.t"), "privilege") == {("OWNERSHIP",)}


def test_a_roles_ownership_passes_on_with_its_members(admin: Any, ask: Callable[..., Rows]) -> None:
    """Who has a role does not keep its ownership from passing on."""
    ask(admin, "grant role seal to role otter", "grant ownership on role seal to role useradmin")
    assert ask(admin, "show roles like 'seal'")[0]["owner"] == "USERADMIN"
    assert held(ask(admin, "show grants of role seal"), "grantee_name") == {("OTTER",)}


def test_ownership_in_a_managed_schema_stays_below_its_owner(
    admin: Any, ask: Callable[..., Rows], refused: Any
) -> None:
    """With managed access objects belong to roles below the schema's owner; a database's future owner is ignored."""
    ask(
        admin,
        "grant ownership on future tables in database pond to role seal",
        "create schema pond.kept with managed access",
        "create table pond.kept.t (x int)",
        "create table pond.reeds.u (x int)",
    )
    assert ask(admin, "show tables like 't' in schema pond.kept")[0]["owner"] == "ACCOUNTADMIN"
    assert ask(admin, "show tables like 'u' in schema pond.reeds")[0]["owner"] == "SEAL"
    assert refused(admin, "grant ownership on table pond.kept.t to role seal") == INVALID
    assert refused(admin, "grant ownership on future tables in schema pond.kept to role seal") == INVALID
    ask(admin, "grant role seal to role sysadmin", "grant ownership on table pond.kept.t to role seal")


def test_read_comes_before_write(admin: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """On an internal stage WRITE is granted with READ or after it."""
    ask(admin, "create stage pond.reeds.g")
    assert refused(admin, "grant write on stage pond.reeds.g to role otter") == INVALID
    ask(admin, "grant read on stage pond.reeds.g to role otter", "grant write on stage pond.reeds.g to role otter")


# -- the system's roles ---------------------------------------------------------------------------------------------
def test_the_system_roles_have_their_powers(admin: Any, ask: Callable[..., Rows]) -> None:
    """SYSADMIN makes warehouses and databases, USERADMIN users and roles, SECURITYADMIN manages grants; they nest."""
    powers = {
        "SYSADMIN": {"CREATE DATABASE", "CREATE WAREHOUSE"},
        "USERADMIN": {"CREATE ROLE", "CREATE USER"},
        "SECURITYADMIN": {"MANAGE GRANTS", "CREATE NETWORK POLICY"},
        "PUBLIC": set(),
    }
    for role, privileges in powers.items():
        rows = [row for row in ask(admin, f"show grants to role {role}") if row["granted_on"] == "ACCOUNT"]
        assert {row["privilege"] for row in rows} == privileges
    above = {(row["role"], row["grantee_name"]) for role in powers for row in ask(admin, f"show grants of role {role}")}
    assert above == {
        ("SYSADMIN", "ACCOUNTADMIN"),
        ("SECURITYADMIN", "ACCOUNTADMIN"),
        ("USERADMIN", "SECURITYADMIN"),
    }


def test_the_system_roles_stay(admin: Any, ask: Callable[..., Rows], refused: Any) -> None:
    """Roles of the system are neither dropped nor renamed nor replaced."""
    for role in ("accountadmin", "securityadmin", "sysadmin", "useradmin", "public"):
        for statement in (f"drop role {role}", f"alter role {role} rename to mine", f"create or replace role {role}"):
            assert refused(admin, statement) == INSUFFICIENT, statement


# -- INFORMATION_SCHEMA ---------------------------------------------------------------------------------------------
def test_the_views_of_privileges(admin: Any, ann: Any, ask: Callable[..., Rows]) -> None:
    """OBJECT_PRIVILEGES, TABLE_PRIVILEGES and USAGE_PRIVILEGES show the grants on what the role may see."""
    ask(
        admin,
        "grant usage on database pond to role otter",
        "grant usage on schema pond.reeds to role otter",
        "grant select on table pond.reeds.t to role otter with grant option",
        "create table pond.reeds.hidden (x int)",
    )
    columns = "grantor, grantee, granted_to, table_schema, table_name, privilege_type, is_grantable"
    assert ask(ann, f"select {columns} from pond.information_schema.table_privileges where grantee = 'OTTER'") == [
        {
            "GRANTOR": "ACCOUNTADMIN",
            "GRANTEE": "OTTER",
            "GRANTED_TO": "ROLE",
            "TABLE_SCHEMA": "REEDS",
            "TABLE_NAME": "T",
            "PRIVILEGE_TYPE": "SELECT",
            "IS_GRANTABLE": "YES",
        }
    ]
    seen = ask(
        ann, "select object_name as n from pond.information_schema.object_privileges where object_type = 'TABLE'"
    )
    assert {row["N"] for row in seen} == {"T"}
    used = ask(ann, "select object_name as n from pond.information_schema.usage_privileges where grantee = 'OTTER'")
    assert {row["N"] for row in used} == {"POND", "REEDS"}


def test_the_roles_that_apply(admin: Any, ann: Any, ask: Callable[..., Rows]) -> None:
    """APPLICABLE_ROLES tells through whom each role comes, ENABLED_ROLES which are active."""
    ask(admin, "grant role seal to role otter", "grant usage on database pond to role otter")
    found = ask(ann, "select grantee, role_name from pond.information_schema.applicable_roles order by role_name")
    assert held(found, "GRANTEE", "ROLE_NAME") == {("ANN", "OTTER"), ("OTTER", "SEAL")}
    enabled = ask(ann, "select role_name from pond.information_schema.enabled_roles")
    assert held(enabled, "ROLE_NAME") == {("OTTER",), ("SEAL",), ("PUBLIC",)}


def test_grants_survive_a_kill(snowdome_on_disk: Any, ask: Callable[..., Rows]) -> None:
    """After kill -9 every grant is there as it was: to roles, users and database roles, now and for objects to come."""
    admin = snowdome_on_disk.connect()
    ask(
        admin,
        "create database pond",
        "create role otter",
        "create user ann password = 'a'",
        "create database role pond.fish",
        "grant role otter to user ann",
        "grant database role pond.fish to role otter with grant option",
        "grant usage on database pond to user ann",
        "grant create schema on database pond to role otter with grant option",
        "grant select on future tables in database pond to database role pond.fish",
        "create schema pond.kept with managed access",
    )
    questions = (
        "show grants on account",
        "show grants on database pond",
        "show grants on schema pond.kept",
        "show grants to role otter",
        "show grants to user ann",
        "show grants of database role pond.fish",
        "show future grants in database pond",
    )
    before = [ask(admin, question) for question in questions]
    snowdome_on_disk.disconnect()
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    admin = snowdome_on_disk.connect()
    assert [ask(admin, question) for question in questions] == before
