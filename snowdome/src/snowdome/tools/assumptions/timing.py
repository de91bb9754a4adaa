"""Time: what ends a statement that lasts, what waits for what, what is billed when."""

from __future__ import annotations

import time

from snowflake.connector import SnowflakeConnection

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, Untestable, experiment

TOPIC = "Time"
PATIENCE = 30.0


def _busy(client: ProbeClient, name: str) -> SnowflakeConnection:
    """Another session whose statement keeps the warehouse busy for a while."""
    other = client.another()
    other.cursor().execute(f"use warehouse {name}")
    other.cursor().execute_async("call system$wait(60)")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if int(client.ask(f"show warehouses like '{name}'")[0]["running"]) > 0:
            return other
    raise Untestable("no statement was seen to run within 30 s")


@experiment("timeout-number", TOPIC, "#", "A statement beyond STATEMENT_TIMEOUT_IN_SECONDS ends so.", "000630 (57014)")
def timeout_number(client: ProbeClient) -> str:
    """How it ends."""
    client.do("alter session set statement_timeout_in_seconds = 2")
    return client.refusal("call system$wait(20)")


@experiment(
    "queued-timeout-number", TOPIC, "#", "A statement queued beyond STATEMENT_QUEUED_TIMEOUT_IN_SECONDS ends so.",
    "000630 (57014)",
)  # fmt: skip
def queued_timeout_number(client: ProbeClient) -> str:
    """How it ends, on a warehouse that runs one statement at a time."""
    name = client.warehouse()
    client.do(f"alter warehouse {name} set max_concurrency_level = 1")
    _busy(client, name)
    client.do(f"use warehouse {name}", "alter session set statement_queued_timeout_in_seconds = 1")
    found = client.refusal("call system$wait(1)")
    client.do(f"alter warehouse {name} abort all queries", f"use warehouse {client.prefix}_WH")
    return found


@experiment("wait-computes", TOPIC, "⚙", "CALL SYSTEM$WAIT keeps a warehouse busy.", "1")
def wait_computes(client: ProbeClient) -> str:
    """How many statements run meanwhile."""
    name = client.warehouse()
    _busy(client, name)
    found = str(client.ask(f"show warehouses like '{name}'")[0]["running"])
    client.do(f"alter warehouse {name} abort all queries")
    return found


@experiment(
    "suspended-while-running", TOPIC, "⚙", "SUSPEND lets a statement finish; the state is SUSPENDED meanwhile.",
    "SUSPENDED, 1",
)  # fmt: skip
def suspended_while_running(client: ProbeClient) -> str:
    """State and running statements after SUSPEND."""
    name = client.warehouse()
    _busy(client, name)
    client.do(f"alter warehouse {name} suspend")
    row = client.ask(f"show warehouses like '{name}'")[0]
    client.do(f"alter warehouse {name} abort all queries")
    return f"{row['state']}, {row['running']}"


@experiment(
    "lock-timeout-number", TOPIC, "#", "LOCK_TIMEOUT = 0 refuses at once where a lock is held.", "000625 (57014)"
)
def lock_timeout_number(client: ProbeClient) -> str:
    """How an UPDATE is refused while another session's transaction has changed the table."""
    database = client.database()
    table = f"{database}.public.t"
    client.do(f"create table {table} as select 1 as x")
    other = client.another()
    for statement in ("begin", f"update {table} set x = 2"):
        other.cursor().execute(statement)
    client.do("alter session set lock_timeout = 0")
    found = client.refusal(f"update {table} set x = 3")
    other.cursor().execute("rollback")
    return found


@experiment("no-such-zone", TOPIC, "#", "A TIMEZONE that is none is refused.", "001008 (22023)")
def no_such_zone(client: ProbeClient) -> str:
    """How it is refused."""
    return client.refusal("alter session set timezone = 'Mars/Olympus'")


SLOW, COSTLY = "takes a warehouse at work for many minutes", "metering appears hours later"
EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    timeout_number, queued_timeout_number, wait_computes, suspended_while_running, lock_timeout_number, no_such_zone,
    NotTestable("deadlock", TOPIC, "#", "The statement that closes a circle of locks is refused at once, with 000625.",
            "two statements must meet to the millisecond"),
    NotTestable("minimum-hour", TOPIC, "?", "The 60 s of a start count in the hour in which it starts.", COSTLY),
    NotTestable("adaptive-bill", TOPIC, "?",
            "An adaptive warehouse bills a statement's seconds at the rate of MAX_QUERY_PERFORMANCE_LEVEL.", COSTLY),
    NotTestable("auto-suspend-poll", TOPIC, "?",
            "AUTO_SUSPEND is rounded up to 30 s, counted from when the warehouse became idle.", SLOW),
    NotTestable("scale-in", TOPIC, "?",
            "A cluster too many is shut down after 2 checks a minute apart (STANDARD), or 5 (ECONOMY).", SLOW),
    NotTestable("scale-out", TOPIC, "?",
            "STANDARD starts a cluster where a statement finds no room, ECONOMY after 6 minutes of a queue.",
            SLOW),
    NotTestable("queued-at-suspend", TOPIC, "?",
            "At SUSPEND queued statements are as submitted anew: they resume the warehouse, or get 000606.", SLOW),
    NotTestable("monitor-end", TOPIC, "◇",
            "After END_TIMESTAMP a monitor's warehouses stay suspended until it is moved, or they leave it.", SLOW),
    NotTestable("monitor-exact", TOPIC, "?", "A monitor acts at the very moment its threshold is reached.", SLOW),
    NotTestable("monitor-services", TOPIC, "?",
                "A monitor counts compute alone; cloud services are not counted.", COSTLY),
    NotTestable("monitor-notified", TOPIC, "?", "Every user's e-mail address counts as verified.",
            "addresses are verified by hand"),
)  # fmt: skip
