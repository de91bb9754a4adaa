"""How busy a warehouse was: time spent running, queued and blocked over the time there was.

sql-reference/functions/warehouse_load_history: steps of 5 seconds for ranges under 8 hours, else of 5 minutes.
A statement waits in the order blocked, provisioning, overload; then it runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from snowdome.usage.columns import QUERY_HISTORY, columns
from snowdome.usage.reading import at
from snowdome.usage.running import running_rows
from snowdome.usage.store import USAGE

if TYPE_CHECKING:
    from snowdome.usage.reading import Reading

PAST = timedelta(days=15)
DEFAULT_RANGE = timedelta(minutes=10)
FINE_BELOW = timedelta(hours=8)
OUTPUT = columns(
    "time: START_TIME END_TIME; text: WAREHOUSE_NAME; rate: AVG_RUNNING AVG_QUEUED_LOAD AVG_QUEUED_PROVISIONING "
    "AVG_BLOCKED"
)
_STATES = {
    "AVG_RUNNING": ("executing", "stopped"),
    "AVG_QUEUED_LOAD": ("queued", "executing"),
    "AVG_QUEUED_PROVISIONING": ("provisioning", "queued"),
    "AVG_BLOCKED": ("blocked", "provisioning"),
}


def query(reading: Reading, start: datetime, end: datetime, name: str) -> str:
    """The load of the warehouse of that (quoted) name, one row for each step in which there was any."""
    step = 5 if end - start < FINE_BELOW else 300
    names, rows = running_rows(reading.account)
    statements = (
        "SELECT WAREHOUSE_NAME, END_TIME AS stopped, "
        "END_TIME - to_milliseconds(coalesce(EXECUTION_TIME, 0)) AS executing, "
        "executing - to_milliseconds(coalesce(QUEUED_OVERLOAD_TIME, 0)) AS queued, "
        "queued - to_milliseconds(coalesce(QUEUED_PROVISIONING_TIME, 0)) AS provisioning, "
        "provisioning - to_milliseconds(coalesce(TRANSACTION_BLOCKED_TIME, 0)) AS blocked "
        f"FROM {USAGE}.main.{QUERY_HISTORY.kept} WHERE WAREHOUSE_NAME = {name} AND END_TIME > {at(start)} "
        f"AND START_TIME < {at(end)} UNION ALL "
        f"SELECT WAREHOUSE_NAME, {at(reading.now)}, START_TIME, START_TIME, START_TIME, START_TIME "
        f'FROM "{reading.rows(names, rows)}" WHERE WAREHOUSE_NAME = {name}'
    )
    loads = ", ".join(
        f"CAST(sum({_overlap(*edges, step)}) / {step} AS DECIMAL(38,2)) AS {n}" for n, edges in _STATES.items()
    )
    return (
        f"WITH steps AS (SELECT unnest(generate_series({at(start)}, {at(end)} - INTERVAL {step} SECOND, "
        f"INTERVAL {step} SECOND)) AS t), statements AS ({statements}) "
        f"SELECT t AS START_TIME, t + INTERVAL {step} SECOND AS END_TIME, WAREHOUSE_NAME, {loads} "
        f"FROM statements JOIN steps ON blocked < t + INTERVAL {step} SECOND AND stopped > t GROUP BY ALL ORDER BY t"
    )


def _overlap(begins: str, ends: str, step: int) -> str:
    """Seconds of the step in which a statement was between the two of its moments."""
    return f"greatest(0, epoch(least({ends}, t + INTERVAL {step} SECOND) - greatest({begins}, t)))"
