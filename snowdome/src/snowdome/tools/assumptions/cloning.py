"""What a clone has of its source, and what not."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, experiment, listed

TOPIC = "Clone"


@experiment(
    "clone-partial",
    TOPIC,
    "◇",
    "A role clones, without an error, only the tables that it may select from.",
    "SEEN",
)
def partial(client: ProbeClient) -> str:
    """The tables in the clone of a role that sees one of two."""
    source, clone = client.database(), client.name("DB")
    role = client.new_role()
    client.do(
        f"create table {source}.public.seen (x int)",
        f"create table {source}.public.hidden (x int)",
        f"grant usage on database {source} to role {role}",
        f"grant usage on schema {source}.public to role {role}",
        f"grant select on table {source}.public.seen to role {role}",
        f"grant create database on account to role {role}",
    )
    with client.within(role):
        refused = client.refusal(f"create database {clone} clone {source}")
    return refused if refused != "done" else listed(r["name"] for r in client.ask(f"show tables in database {clone}"))


@experiment(
    "clone-owner", TOPIC, "◇", "Who clones owns the database; what is in it keeps its owner.", "database new, table old"
)
def owner(client: ProbeClient) -> str:
    """Whose database and whose table the clone is."""
    source, clone = client.database(), client.name("DB")
    role = client.new_role()
    client.do(
        f"create table {source}.public.t (x int)",
        f"grant usage on database {source} to role {role}",
        f"grant usage on schema {source}.public to role {role}",
        f"grant select on table {source}.public.t to role {role}",
        f"grant create database on account to role {role}",
    )
    with client.within(role):
        client.do(f"create database {clone} clone {source}")
    of_database = client.ask(f"show databases like '{clone}'")[0]["owner"]
    of_table = client.ask(f"show tables in database {clone}")[0]["owner"]
    new_or_old = {role: "new", client.role: "old"}
    return f"database {new_or_old.get(of_database, of_database)}, table {new_or_old.get(of_table, of_table)}"


@experiment(
    "clone-grants", TOPIC, "◇", "Grants in the database are cloned, those on it not, its future grants are.",
    "future, table",
)  # fmt: skip
def grants(client: ProbeClient) -> str:
    """Where in the clone the role still has something."""
    source, clone = client.database(), client.name("DB")
    role = client.new_role()
    client.do(
        f"create table {source}.public.t (x int)",
        f"grant usage on database {source} to role {role}",
        f"grant select on table {source}.public.t to role {role}",
        f"grant select on future views in database {source} to role {role}",
        f"create database {clone} clone {source}",
    )
    places = {
        "database": f"show grants on database {clone}",
        "table": f"show grants on table {clone}.public.t",
        "future": f"show future grants in database {clone}",
    }
    return listed(
        place for place, asked in places.items() if any(row["grantee_name"] == role for row in client.ask(asked))
    )


@experiment(
    "clone-database-role", TOPIC, "?", "A cloned database role is granted to the same account roles.", "granted"
)
def database_role(client: ProbeClient) -> str:
    """Whether the account role has the cloned database role."""
    source, clone = client.database(), client.name("DB")
    role = client.new_role()
    client.do(
        f"create database role {source}.reader",
        f"grant database role {source}.reader to role {role}",
        f"create database {clone} clone {source}",
    )
    members = client.ask(f"show grants of database role {clone}.reader")
    return "granted" if any(row["grantee_name"] == role for row in members) else "not granted"


@experiment("clone-database-role-usage", TOPIC, "?", "A cloned database role may use the clone.", "USAGE")
def database_role_usage(client: ProbeClient) -> str:
    """What the cloned database role holds on the clone."""
    source, clone = client.database(), client.name("DB")
    client.do(f"create database role {source}.reader", f"create database {clone} clone {source}")
    held = client.ask(f"show grants to database role {clone}.reader")
    return listed(row["privilege"] for row in held if row["granted_on"] == "DATABASE")


@experiment(
    "clone-transient-table",
    TOPIC,
    "?",
    "A transient table is not cloned to a permanent one.",
    "002119 (42601)",
)
def transient_table(client: ProbeClient) -> str:
    """How the clone is refused."""
    home = client.database()
    client.do(f"create transient table {home}.public.t (x int)")
    return client.refusal(f"create table {home}.public.c clone {home}.public.t")


@experiment(
    "clone-to-transient", TOPIC, "?", "Permanent tables cloned with their database into a transient one stay what "
    "they are.", "TABLE",
)  # fmt: skip
def to_transient(client: ProbeClient) -> str:
    """The kind of the table in the clone."""
    source, clone = client.database(), client.name("DB")
    client.do(f"create table {source}.public.t (x int)", f"create transient database {clone} clone {source}")
    return str(client.ask(f"show tables in database {clone}")[0]["kind"])


@experiment(
    "clone-tag", TOPIC, "◇", "A tag defined in the cloned database is cloned, and the objects point to the copy.",
    "the copy",
)  # fmt: skip
def tag(client: ProbeClient) -> str:
    """Whose tag the cloned table bears."""
    source, clone = client.database(), client.name("DB")
    client.do(
        f"create tag {source}.public.k",
        f"create table {source}.public.t (x int)",
        f"alter table {source}.public.t set tag {source}.public.k = 'v'",
        f"create database {clone} clone {source}",
    )
    value = client.value(f"select system$get_tag('{clone}.public.k', '{clone}.public.t', 'table')")
    return "the copy" if value == "v" else "not the copy"


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    partial, owner, grants, database_role, database_role_usage, transient_table, to_transient, tag,
    NotTestable("clone-duration", TOPIC, "?", "A clone takes no time here, whatever its size.",
            "a real one grows with the number of objects"),
    NotTestable("clone-hybrid", TOPIC, "?", "Hybrid tables are left out of clones.",
            "not on trial accounts, nor in every region; the documentation disagrees with itself"),
)  # fmt: skip
