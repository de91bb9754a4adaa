"""Mutual exclusion: what two sessions that want the same thing get."""

from __future__ import annotations

import threading

from snowdome.tools.assumptions.client import ProbeClient, rows
from snowdome.tools.assumptions.experiment import Experiment, experiment

TOPIC = "Mutual exclusion"


@experiment("rename-wins-once", TOPIC, "◇", "Of two renames of a table the second finds it gone.", "002003 (42S02)")
def rename_once(client: ProbeClient) -> str:
    """How the second rename is refused."""
    home = client.database()
    client.do(
        f"create table {home}.public.held (x int)", f"alter table {home}.public.held rename to {home}.public.dead1"
    )
    return client.refusal(f"alter table {home}.public.held rename to {home}.public.dead2")


@experiment("ddl-commits", TOPIC, "◇", "DDL commits the open transaction.", "1")
def ddl_commits(client: ProbeClient) -> str:
    """How many rows are there after insert, CREATE TABLE and ROLLBACK in one transaction."""
    home = client.database()
    client.do(
        f"create table {home}.public.t (x int)",
        "begin",
        f"insert into {home}.public.t values (1)",
        f"create table {home}.public.u (x int)",
        "rollback",
    )
    return str(client.value(f"select count(*) from {home}.public.t"))


@experiment(
    "blocked-update", TOPIC, "?", "An UPDATE that waited for another's commit looks at its WHERE anew.", "0 rows"
)
def blocked_update(client: ProbeClient) -> str:
    """How many rows a compare-and-set changes that waited while the other one took the lock."""
    home = client.database()
    client.do(f"create table {home}.public.lock as select 'a' as name, null::varchar as owner")
    take = f"update {home}.public.lock set owner = '{{}}' where name = 'a' and owner is null"
    first, second = client.another(), client.another()
    rows(first, "begin")
    rows(first, take.format("first"))
    changed: list[object] = []

    def try_it() -> None:
        changed.append(next(iter(rows(second, take.format("second"))[0].values())))

    waiting = threading.Thread(target=try_it)
    waiting.start()
    waiting.join(3)  # long enough to be waiting for the lock; one that was not simply finds the row taken
    rows(first, "commit")
    waiting.join()
    return f"{changed[0]} rows" if changed else "refused"


@experiment("keys-not-enforced", TOPIC, "◇", "A primary key of a standard table keeps no second row out.", "2")
def keys(client: ProbeClient) -> str:
    """How many rows there are after inserting the same key twice."""
    home = client.database()
    client.do(
        f"create table {home}.public.t (x int primary key)",
        f"insert into {home}.public.t values (1)",
        f"insert into {home}.public.t values (1)",
    )
    return str(client.value(f"select count(*) from {home}.public.t"))


@experiment(
    "create-database-uses", TOPIC, "◇", "CREATE DATABASE makes the new one the session's, with schema PUBLIC.", "yes"
)
def create_uses(client: ProbeClient) -> str:
    """The session's database and schema afterwards."""
    name = client.database()
    row = client.ask("select current_database() as d, current_schema() as s")[0]
    return "yes" if (row["d"], row["s"]) == (name, "PUBLIC") else f"{row['d']}.{row['s']}"


EXPERIMENTS: tuple[Experiment, ...] = (rename_once, ddl_commits, blocked_update, keys, create_uses)
