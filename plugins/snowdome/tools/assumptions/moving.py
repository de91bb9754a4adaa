"""Time Travel, streams, tasks and dynamic tables: what no page says, or says without its number."""

from __future__ import annotations

from snowdome.tools.assumptions.experiment import Experiment, Unasked, experiment
from snowdome.tools.assumptions.hand import Hand

TOPIC = "What works by itself, and the past"
ON_TABLE = ("create table {d}.public.t (x int)", "create stream {d}.public.s on table {d}.public.t")


def _made(hand: Hand, *statements: str) -> str:
    database = hand.database()
    hand.do(*(one.format(d=database, w=f"{hand.prefix}_WH") for one in statements))
    return database


@experiment("future", TOPIC, "#", "AT a time that is yet to come is refused.", "000707 (02000)")
def future(hand: Hand) -> str:
    """How it is refused."""
    database = _made(hand, "create table {d}.public.t (x int)")
    return hand.refusal(f"select * from {database}.public.t at (offset => 3600)")


@experiment("stream-of-dropped", TOPIC, "#", "A stream whose table was dropped is refused.", "091901 (01000)")
def stream_of_dropped(hand: Hand) -> str:
    """How it is refused."""
    database = _made(hand, *ON_TABLE, "drop table {d}.public.t")
    return hand.refusal(f"select * from {database}.public.s")


@experiment(
    "stream-order", TOPIC, "◇", "A row updated twice is one DELETE and one INSERT in a stream.", "DELETE INSERT"
)
def stream_order(hand: Hand) -> str:
    """The actions that the stream shows."""
    change = "update {d}.public.t set x = x + 1"
    database = _made(hand, "create table {d}.public.t as select 1 as x",
                     "create stream {d}.public.s on table {d}.public.t", change, change)  # fmt: skip
    found = hand.ask(f"select metadata$action as a from {database}.public.s order by a")
    return " ".join(str(row["a"]) for row in found)


@experiment(
    "stream-and-table", TOPIC, "?", "A stream and a table of a schema may bear one name, which means the table.",
    "1",
)  # fmt: skip
def stream_and_table(hand: Hand) -> str:
    """What a SELECT of the name answers."""
    database = _made(
        hand, "create table {d}.public.t as select 1 as x", "create stream {d}.public.t on table {d}.public.t"
    )
    return str(hand.ask(f"select count(*) as n from {database}.public.t")[0]["n"])


@experiment("execute-child", TOPIC, "#", "EXECUTE TASK of a task that follows another is refused.", "091093 (22023)")
def execute_child(hand: Hand) -> str:
    """How it is refused."""
    make = "create task {d}.public.a warehouse = {w} as select 1"
    database = _made(hand, make, "create task {d}.public.b warehouse = {w} after {d}.public.a as select 1")
    return hand.refusal(f"execute task {database}.public.b")


@experiment("schedule-and-after", TOPIC, "#", "A task with a schedule and predecessors is refused.", "091089 (22023)")
def schedule_and_after(hand: Hand) -> str:
    """How it is refused."""
    database = _made(hand, "create task {d}.public.a as select 1")
    return hand.refusal(f"create task {database}.public.b schedule = '1 HOUR' after {database}.public.a as select 1")


@experiment("lag-too-short", TOPIC, "#", "A target lag below a minute is refused.", "001008 (22023)")
def lag_too_short(hand: Hand) -> str:
    """How it is refused."""
    database = hand.database()
    make = f"create dynamic table {database}.public.d target_lag = '5 seconds' warehouse = {hand.prefix}_WH"
    return hand.refusal(f"{make} as select 1 as x")


@experiment("insert-into-dynamic", TOPIC, "#", "INSERT into a dynamic table is refused.", "001420 (22023)")
def insert_into_dynamic(hand: Hand) -> str:
    """How it is refused."""
    make = "create dynamic table {d}.public.d target_lag = '1 day' warehouse = {w} as select 1 as x"
    return hand.refusal(f"insert into {_made(hand, make)}.public.d values (2)")


@experiment("temporary-clone", TOPIC, "#", "A permanent clone of a temporary table is refused.", "002120 (0A000)")
def temporary_clone(hand: Hand) -> str:
    """How it is refused."""
    database = _made(hand, "create temporary table {d}.public.t (x int)")
    return hand.refusal(f"create table {database}.public.u clone {database}.public.t")


EXPERIMENTS: tuple[Experiment | Unasked, ...] = (
    future,
    stream_of_dropped,
    stream_order,
    stream_and_table,
    execute_child,
    schedule_and_after,
    lag_too_short,
    insert_into_dynamic,
    temporary_clone,
    Unasked(
        "lag-and-refresh", TOPIC, "◇", "A dynamic table is refreshed once in each span of its target lag.",
        "Snowflake chooses the moments, earlier than the lag asks for",
    ),
    Unasked(
        "renamed-since", TOPIC, "◇", "A clone of the past has the names of now for what was renamed since.",
        "which names a clone of the past has is on no page, and a rename takes part in many of them",
    ),
)  # fmt: skip
