"""Time Travel, streams, tasks and dynamic tables: what no page says, or says without its number."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, experiment

TOPIC = "What works by itself, and the past"
ON_TABLE = ("create table {d}.public.t (x int)", "create stream {d}.public.s on table {d}.public.t")


def _made(client: ProbeClient, *statements: str) -> str:
    database = client.database()
    client.do(*(one.format(d=database, w=f"{client.prefix}_WH") for one in statements))
    return database


@experiment("future", TOPIC, "#", "AT a time that is yet to come is refused.", "000707 (02000)")
def future(client: ProbeClient) -> str:
    """How it is refused."""
    database = _made(client, "create table {d}.public.t (x int)")
    return client.refusal(f"select * from {database}.public.t at (offset => 3600)")


@experiment("stream-of-dropped", TOPIC, "#", "A stream whose table was dropped is refused.", "091901 (01000)")
def stream_of_dropped(client: ProbeClient) -> str:
    """How it is refused."""
    database = _made(client, *ON_TABLE, "drop table {d}.public.t")
    return client.refusal(f"select * from {database}.public.s")


@experiment(
    "stream-order", TOPIC, "◇", "A row updated twice is one DELETE and one INSERT in a stream.", "DELETE INSERT"
)
def stream_order(client: ProbeClient) -> str:
    """The actions that the stream shows."""
    change = "update {d}.public.t set x = x + 1"
    database = _made(client, "create table {d}.public.t as select 1 as x",
                     "create stream {d}.public.s on table {d}.public.t", change, change)  # fmt: skip
    found = client.ask(f"select metadata$action as a from {database}.public.s order by a")
    return " ".join(str(row["a"]) for row in found)


@experiment(
    "stream-and-table", TOPIC, "?", "A stream and a table of a schema may bear one name, which means the table.",
    "1",
)  # fmt: skip
def stream_and_table(client: ProbeClient) -> str:
    """What a SELECT of the name answers."""
    database = _made(
        client, "create table {d}.public.t as select 1 as x", "create stream {d}.public.t on table {d}.public.t"
    )
    return str(client.ask(f"select count(*) as n from {database}.public.t")[0]["n"])


@experiment("execute-child", TOPIC, "#", "EXECUTE TASK of a task that follows another is refused.", "091093 (22023)")
def execute_child(client: ProbeClient) -> str:
    """How it is refused."""
    make = "create task {d}.public.a warehouse = {w} as select 1"
    database = _made(client, make, "create task {d}.public.b warehouse = {w} after {d}.public.a as select 1")
    return client.refusal(f"execute task {database}.public.b")


@experiment("schedule-and-after", TOPIC, "#", "A task with a schedule and predecessors is refused.", "091089 (22023)")
def schedule_and_after(client: ProbeClient) -> str:
    """How it is refused."""
    database = _made(client, "create task {d}.public.a as select 1")
    return client.refusal(f"create task {database}.public.b schedule = '1 HOUR' after {database}.public.a as select 1")


@experiment("lag-too-short", TOPIC, "#", "A target lag below a minute is refused.", "001008 (22023)")
def lag_too_short(client: ProbeClient) -> str:
    """How it is refused."""
    database = client.database()
    make = f"create dynamic table {database}.public.d target_lag = '5 seconds' warehouse = {client.prefix}_WH"
    return client.refusal(f"{make} as select 1 as x")


@experiment("insert-into-dynamic", TOPIC, "#", "INSERT into a dynamic table is refused.", "001420 (22023)")
def insert_into_dynamic(client: ProbeClient) -> str:
    """How it is refused."""
    make = "create dynamic table {d}.public.d target_lag = '1 day' warehouse = {w} as select 1 as x"
    return client.refusal(f"insert into {_made(client, make)}.public.d values (2)")


@experiment("temporary-clone", TOPIC, "#", "A permanent clone of a temporary table is refused.", "002120 (0A000)")
def temporary_clone(client: ProbeClient) -> str:
    """How it is refused."""
    database = _made(client, "create temporary table {d}.public.t (x int)")
    return client.refusal(f"create table {database}.public.u clone {database}.public.t")


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    future,
    stream_of_dropped,
    stream_order,
    stream_and_table,
    execute_child,
    schedule_and_after,
    lag_too_short,
    insert_into_dynamic,
    temporary_clone,
    NotTestable(
        "lag-and-refresh", TOPIC, "◇", "A dynamic table is refreshed once in each span of its target lag.",
        "Snowflake chooses the moments, earlier than the lag asks for",
    ),
    NotTestable(
        "renamed-since", TOPIC, "◇", "A clone of the past has the names of now for what was renamed since.",
        "which names a clone of the past has is on no page, and a rename takes part in many of them",
    ),
)  # fmt: skip
