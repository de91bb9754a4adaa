"""Roles and grants: what SHOW GRANTS says, and what a session may do when they change."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient, rows
from snowdome.tools.assumptions.experiment import Experiment, experiment, listed

TOPIC = "Roles and grants"


def _guarded_table(client: ProbeClient) -> str:
    """A database with a schema and a table of one row; its name."""
    home = client.database()
    client.do(f"create schema {home}.s", f"create table {home}.s.t as select 1 as x")
    return home


@experiment("database-role-name", TOPIC, "⚙", "SHOW GRANTS ON names a database role without its database.", "READER")
def database_role_name(client: ProbeClient) -> str:
    """The grantee in the row of the database role."""
    home = client.database()
    client.do(f"create database role {home}.reader")
    held = client.ask(f"show grants on database {home}")
    return listed(row["grantee_name"] for row in held if row["granted_to"] == "DATABASE_ROLE")


@experiment(
    "database-role-of",
    TOPIC,
    "⚙",
    "SHOW GRANTS OF DATABASE ROLE names the role with its database.",
    "with its database",
)
def database_role_of(client: ProbeClient) -> str:
    """The role in the row."""
    home, role = client.database(), client.new_role()
    client.do(f"create database role {home}.reader", f"grant database role {home}.reader to role {role}")
    found = {str(row["role"]) for row in client.ask(f"show grants of database role {home}.reader")}
    return "with its database" if found == {f"{home}.READER"} else listed(found)


@experiment("database-role-usage", TOPIC, "⚙", "A new database role may use its database.", "USAGE")
def database_role_usage(client: ProbeClient) -> str:
    """What it holds from the start."""
    home = client.database()
    client.do(f"create database role {home}.reader")
    return listed(row["privilege"] for row in client.ask(f"show grants to database role {home}.reader"))


@experiment(
    "to-role-columns", TOPIC, "⚙", "SHOW GRANTS TO ROLE has these columns.",
    "created_on, grant_option, granted_by, granted_on, granted_to, grantee_name, name, privilege",
)  # fmt: skip
def to_role_columns(client: ProbeClient) -> str:
    """The columns."""
    return listed(client.ask(f"show grants to role {client.new_role()}")[0])


@experiment(
    "any-privilege-on-parents", TOPIC, "◇",
    "Reading a table takes any privilege on its database and its schema, not USAGE.", "1",
)  # fmt: skip
def any_privilege(client: ProbeClient) -> str:
    """What a role with MONITOR on both reads (the pages disagree)."""
    home, role = _guarded_table(client), client.new_role()
    client.do(
        f"grant monitor on database {home} to role {role}",
        f"grant monitor on schema {home}.s to role {role}",
        f"grant select on table {home}.s.t to role {role}",
    )
    with client.within(role):
        refused = client.refusal(f"select x from {home}.s.t")
        return refused if refused != "done" else str(client.value(f"select x from {home}.s.t"))


@experiment(
    "revoked-in-session", TOPIC, "?", "A session whose role is revoked from its user can do what PUBLIC can.",
    "002003 (42S02)",
)  # fmt: skip
def revoked_in_session(client: ProbeClient) -> str:
    """What a read in the role answers once the role is taken from the user."""
    home, role = _guarded_table(client), client.new_role()
    client.do(
        f"grant usage on database {home} to role {role}",
        f"grant usage on schema {home}.s to role {role}",
        f"grant select on table {home}.s.t to role {role}",
        f"grant usage on warehouse {client.prefix}_WH to role public",
    )
    other = client.another()
    rows(other, f"use role {role}")
    rows(other, f"select x from {home}.s.t")
    client.do(f'revoke role {role} from user "{client.user}"')
    return client.refusal_of(other, f"select x from {home}.s.t")


@experiment("unseen-table", TOPIC, "◇", "A table without any privilege does not exist for a role.", "002003 (42S02)")
def unseen_table(client: ProbeClient) -> str:
    """How reading it is refused."""
    home, role = _guarded_table(client), client.new_role()
    client.do(f"grant usage on database {home} to role {role}", f"grant usage on schema {home}.s to role {role}")
    with client.within(role):
        return client.refusal(f"select x from {home}.s.t")


@experiment("seen-table", TOPIC, "◇", "A change of a table that may only be read is refused.", "003001 (42501)")
def seen_table(client: ProbeClient) -> str:
    """How deleting from it is refused."""
    home, role = _guarded_table(client), client.new_role()
    client.do(
        f"grant usage on database {home} to role {role}",
        f"grant usage on schema {home}.s to role {role}",
        f"grant select on table {home}.s.t to role {role}",
    )
    with client.within(role):
        return client.refusal(f"delete from {home}.s.t")


@experiment("references-only", TOPIC, "◇", "SELECT on a table with REFERENCES alone is refused.", "003001 (42501)")
def references_only(client: ProbeClient) -> str:
    """How it is refused."""
    home, role = _guarded_table(client), client.new_role()
    client.do(
        f"grant usage on database {home} to role {role}",
        f"grant usage on schema {home}.s to role {role}",
        f"grant references on table {home}.s.t to role {role}",
    )
    with client.within(role):
        return client.refusal(f"select x from {home}.s.t")


@experiment("apply-tag", TOPIC, "◇", "APPLY TAG on the account is enough to tag an object one cannot see.", "done")
def apply_tag(client: ProbeClient) -> str:
    """What setting a tag answers."""
    home, role = _guarded_table(client), client.new_role()
    client.do(
        f"create tag {home}.s.k",
        f"grant apply tag on account to role {role}",
        f"grant usage on database {home} to role {role}",
        f"grant usage on schema {home}.s to role {role}",
    )
    with client.within(role):
        return client.refusal(f"alter table {home}.s.t set tag {home}.s.k = 'v'")


@experiment(
    "secondary-roles-json", TOPIC, "?", "CURRENT_SECONDARY_ROLES names no roles when there are none.",
    '{"roles":"","value":""}',
)  # fmt: skip
def secondary_roles_json(client: ProbeClient) -> str:
    """The text of the function with secondary roles NONE."""
    return str(client.value("select current_secondary_roles()")).replace(" ", "")


@experiment(
    "managed-schema-future", TOPIC, "◇", "In a schema with managed access its owner promises privileges.", "done"
)
def managed_future(client: ProbeClient) -> str:
    """What GRANT … ON FUTURE TABLES answers to the schema's owner."""
    home, role, other = client.database(), client.new_role(), client.new_role()
    client.do(
        f"create schema {home}.s with managed access",
        f"grant usage on database {home} to role {role}",
        f"grant ownership on schema {home}.s to role {role}",
    )
    with client.within(role):
        return client.refusal(f"grant select on future tables in schema {home}.s to role {other}")


def _grants_on_account(client: ProbeClient, given: str, option: str = "") -> str:
    """What granting CREATE DATABASE answers to a role that was given that."""
    role, other = client.new_role(), client.new_role()
    client.do(f"grant {given} on account to role {role} {option}")
    with client.within(role):
        return client.refusal(f"grant create database on account to role {other}")


@experiment(
    "account-privilege-by-manager", TOPIC, "◇", "MANAGE GRANTS does not grant CREATE DATABASE: ACCOUNTADMIN does.",
    "003001 (42501)",
)  # fmt: skip
def by_manager(client: ProbeClient) -> str:
    """What a role with MANAGE GRANTS is answered."""
    return _grants_on_account(client, "manage grants")


@experiment(
    "account-privilege-by-option", TOPIC, "◇", "Who has CREATE DATABASE with the grant option grants it.", "done"
)
def by_option(client: ProbeClient) -> str:
    """What a role that was given it with the grant option is answered."""
    return _grants_on_account(client, "create database", "with grant option")


EXPERIMENTS: tuple[Experiment, ...] = (
    database_role_name, database_role_of, database_role_usage, to_role_columns, any_privilege, revoked_in_session,
    unseen_table, seen_table, references_only, apply_tag, secondary_roles_json, managed_future,
    by_manager, by_option,
)  # fmt: skip
