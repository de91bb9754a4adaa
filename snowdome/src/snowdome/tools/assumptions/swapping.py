"""What moves with a database when two exchange their names."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, experiment, listed

TOPIC = "Swap"


def _pair(client: ProbeClient) -> tuple[str, str]:
    return client.database(), client.database()


def _shown(client: ProbeClient, database: str, column: str) -> str:
    return str(client.ask(f"show databases like '{database}'")[0][column])


@experiment("swap-grants", TOPIC, "◇", "Grants on a database follow it to its new name.", "on the new name only")
def grants(client: ProbeClient) -> str:
    """Whose database the role may use after the swap."""
    one, other = _pair(client)
    role = client.new_role()
    client.do(f"grant usage on database {one} to role {role}", f"alter database {one} swap with {other}")
    holders = {
        name: any(row["grantee_name"] == role for row in client.ask(f"show grants on database {name}"))
        for name in (one, other)
    }
    return {(False, True): "on the new name only", (True, False): "on the old name only"}.get(
        (holders[one], holders[other]), str(holders)
    )


@experiment("swap-future-grants", TOPIC, "◇", "Future grants of a database follow it.", "on the new name")
def future_grants(client: ProbeClient) -> str:
    """Where the promise is after the swap."""
    one, other = _pair(client)
    role = client.new_role()
    client.do(
        f"grant select on future tables in database {one} to role {role}", f"alter database {one} swap with {other}"
    )
    return "on the new name" if client.ask(f"show future grants in database {other}") else "not on the new name"


@experiment(
    "swap-properties", TOPIC, "◇", "Comment, retention and owner follow the database.", "comment, owner, retention_time"
)
def properties(client: ProbeClient) -> str:
    """Which of them the other name has after the swap."""
    one, other = _pair(client)
    client.do(
        f"alter database {one} set comment = 'moved' data_retention_time_in_days = 0",
        f"alter database {one} swap with {other}",
    )
    before = {"comment": "moved", "owner": client.role, "retention_time": "0"}
    return listed(name for name, value in before.items() if _shown(client, other, name) == value)


@experiment("swap-tags", TOPIC, "◇", "Tags on a database follow it.", "on the new name only")
def tags(client: ProbeClient) -> str:
    """Whose tag it is after the swap."""
    one, other = _pair(client)
    home = client.database()
    client.do(
        f"create tag {home}.public.env",
        f"alter database {one} set tag {home}.public.env = 'prod'",
        f"alter database {one} swap with {other}",
    )
    values = [
        client.value(f"select system$get_tag('{home}.public.env', '{name}', 'database')") for name in (one, other)
    ]
    return "on the new name only" if values == [None, "prod"] else str(values)


@experiment(
    "swap-transient",
    TOPIC,
    "?",
    "A transient and a permanent database can be swapped, and each stays what it is.",
    "TRANSIENT moved",
)
def transient(client: ProbeClient) -> str:
    """Which name is transient after the swap."""
    one, other = client.database("transient"), client.database()
    refused = client.refusal(f"alter database {one} swap with {other}")
    if refused != "done":
        return refused
    options = ["TRANSIENT" in _shown(client, name, "options") for name in (one, other)]
    return "TRANSIENT moved" if options == [False, True] else str(options)


@experiment("swap-database-roles", TOPIC, "◇", "Database roles follow, and who has them still has them.", "kept")
def database_roles(client: ProbeClient) -> str:
    """Whether the account role reaches the database's role under the new name."""
    one, other = _pair(client)
    role = client.new_role()
    client.do(
        f"create database role {one}.reader",
        f"grant database role {one}.reader to role {role}",
        f"alter database {one} swap with {other}",
    )
    members = client.ask(f"show grants of database role {other}.reader")
    return "kept" if any(row["grantee_name"] == role for row in members) else "lost"


def _filled(client: ProbeClient) -> tuple[str, str]:
    """Two databases with a table of one row each, 1 in the first and 2 in the second."""
    one, other = _pair(client)
    client.do(f"create table {one}.public.t as select 1 as x", f"create table {other}.public.t as select 2 as x")
    return one, other


@experiment("swap-absolute-view", TOPIC, "◇", "A view that names its database reads whatever bears that name now.", "2")
def absolute_view(client: ProbeClient) -> str:
    """What the view reads after the swap: its own old table, or the other's."""
    one, other = _filled(client)
    client.do(f"create view {one}.public.v as select x from {one}.public.t", f"alter database {one} swap with {other}")
    return str(client.value(f"select x from {other}.public.v"))


@experiment("swap-relative-view", TOPIC, "◇", "A view that names only a schema reads its own database.", "1")
def relative_view(client: ProbeClient) -> str:
    """What the view reads after the swap."""
    one, other = _filled(client)
    client.do(f"create view {one}.public.v as select x from public.t", f"alter database {one} swap with {other}")
    return str(client.value(f"select x from {other}.public.v"))


@experiment(
    "swap-session", TOPIC, "◇", "A session that uses a name finds, after a swap, what bears the name then.", "2"
)
def session(client: ProbeClient) -> str:
    """What a session in the first database reads after the swap."""
    one, other = _filled(client)
    client.do(f"use schema {one}.public", f"alter database {one} swap with {other}")
    return str(client.value("select x from t"))


@experiment("swap-identity", TOPIC, "◇", "`created_on` in SHOW DATABASES tells which database bears a name.", "moved")
def identity(client: ProbeClient) -> str:
    """Whether the creation time moved to the other name."""
    one, other = _pair(client)
    before = [_shown(client, name, "created_on") for name in (one, other)]
    client.do(f"alter database {one} swap with {other}")
    after = [_shown(client, name, "created_on") for name in (other, one)]
    return "moved" if before == after and before[0] != before[1] else "not moved"


@experiment(
    "swap-privilege", TOPIC, "#", "SWAP without OWNERSHIP on both is refused as insufficient.", "003001 (42501)"
)
def privilege(client: ProbeClient) -> str:
    """How it is refused to the owner of one."""
    one, other = _pair(client)
    role = client.new_role()
    client.do(f"grant ownership on database {one} to role {role}", f"grant usage on database {other} to role {role}")
    with client.within(role):
        return client.refusal(f"alter database {one} swap with {other}")


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    grants, future_grants, properties, tags, transient, database_roles, absolute_view, relative_view, session, identity,
    privilege,
    NotTestable("swap-running", TOPIC, "◇", "A running statement finishes on the objects it was compiled against.",
            "needs a statement that surely runs while the swap happens"),
    NotTestable("swap-shared", TOPIC, "?", "There are no shares here, so no rule for databases granted to one.",
            "needs a consumer account"),
    NotTestable("swap-failover", TOPIC, "?", "There are no failover groups here.", "needs a second account"),
    NotTestable("swap-backups", TOPIC, "?", "There are no backup sets here.", "a backup cannot be removed at once"),
)  # fmt: skip
