"""Which statement used which share of a warehouse (sql-reference/account-usage/query_attribution_history).

At every moment what a cluster costs per second is shared equally by the statements that run on it: ours all take the
same part of it. Moments at which nothing runs are idle time and nobody's; so is what the minimum of a start adds.
Statements of up to 100 ms get no row of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.usage.columns import QUERY_HISTORY
from snowdome.usage.reading import YEAR, at, hour, kept
from snowdome.usage.store import USAGE
from snowdome.warehouses.metering import windows

if TYPE_CHECKING:
    from datetime import datetime

    from snowdome.usage.columns import Shape
    from snowdome.usage.reading import Reading

SHORTEST_MS = 100
_SEGMENTS = {"id": "number", "cluster": "number", "started": "time", "ended": "time", "rate": "float"}


def _segments(reading: Reading, until: datetime) -> str:
    rows = [
        (s.warehouse_id, s.cluster, s.started, min(s.ended or until, until), s.rate / 3600)
        for s in windows.segments(reading.account, reading.now - YEAR, until)
        if s.started < until
    ]
    return reading.rows(_SEGMENTS, rows)


def _executions(reading: Reading, until: datetime) -> str:
    """When each of the account's own statements ran on which cluster."""
    return (
        "SELECT QUERY_ID, WAREHOUSE_ID AS id, coalesce(CLUSTER_NUMBER, 1) AS cluster, "
        "END_TIME - to_milliseconds(EXECUTION_TIME) AS began, END_TIME AS stopped "
        f"FROM {USAGE}.main.{QUERY_HISTORY.kept} WHERE NOT LOADED AND WAREHOUSE_ID IS NOT NULL AND EXECUTION_TIME > 0 "
        f"AND END_TIME <= {at(until)} AND END_TIME > {at(reading.now - YEAR)}"
    )


def _stretches(reading: Reading, until: datetime, executions: str) -> str:
    """Stretches of time of a cluster in which neither its rate nor the number of its statements changes."""
    segments = _segments(reading, until)
    hours = f"generate_series({hour('started')}, ended, INTERVAL 1 HOUR)"
    return (
        f"SELECT id, cluster, t AS began, lead(t) OVER ({_BY_CLUSTER}) AS stopped, "
        f"sum(rate) OVER ({_BY_CLUSTER} {_SO_FAR}) AS rate, sum(running) OVER ({_BY_CLUSTER} {_SO_FAR}) AS running "
        "FROM (SELECT id, cluster, t, sum(rate) AS rate, sum(running) AS running FROM ("
        f'SELECT id, cluster, started AS t, rate, 0 AS running FROM "{segments}" '
        f'UNION ALL SELECT id, cluster, ended, -rate, 0 FROM "{segments}" '
        f'UNION ALL SELECT id, cluster, unnest({hours}), 0, 0 FROM "{segments}" '
        f"UNION ALL SELECT id, cluster, began, 0, 1 FROM ({executions}) "
        f"UNION ALL SELECT id, cluster, stopped, 0, -1 FROM ({executions})) GROUP BY ALL)"
    )


_BY_CLUSTER = "PARTITION BY id, cluster ORDER BY t"
_SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
_SECONDS = "epoch(stopped - began)"
_SHARE = f"CASE WHEN running > 0 THEN greatest(rate, 0) * {_SECONDS} / running ELSE 0 END"


def attributed_by_hour(reading: Reading, until: datetime) -> str:
    """What of each warehouse's whole hours is attributed to statements: start, id, attributed."""
    end = until.replace(minute=0, second=0, microsecond=0)
    stretches = _stretches(reading, end, _executions(reading, until))
    return (
        f"SELECT {hour('began')} AS start, id, sum(greatest(rate, 0) * {_SECONDS}) AS attributed "
        f"FROM ({stretches}) WHERE running > 0 AND stopped IS NOT NULL AND stopped <= {at(end)} GROUP BY ALL"
    )


def statements(reading: Reading, shape: Shape) -> str:
    """One row for each statement that computed for more than 100 ms."""
    until = reading.late(shape)
    executions = _executions(reading, until)
    return (
        f"{kept(reading, shape)} UNION ALL SELECT {shape.select()} FROM (WITH stretches AS ("
        f"SELECT id, cluster, began, sum({_SHARE}) OVER (PARTITION BY id, cluster ORDER BY began "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS used "
        f"FROM ({_stretches(reading, until, executions)})), ran AS ({executions}) "
        "SELECT q.QUERY_ID, NULL AS PARENT_QUERY_ID, NULL AS ROOT_QUERY_ID, q.WAREHOUSE_ID, q.WAREHOUSE_NAME, "
        "q.QUERY_HASH, q.QUERY_PARAMETERIZED_HASH, q.QUERY_TAG, q.USER_NAME, r.began AS START_TIME, "
        "r.stopped AS END_TIME, coalesce(z.used, 0) - coalesce(a.used, 0) AS CREDITS_ATTRIBUTED_COMPUTE, "
        "NULL AS CREDITS_USED_QUERY_ACCELERATION "
        f"FROM ran r JOIN {USAGE}.main.{QUERY_HISTORY.kept} q ON q.QUERY_ID = r.QUERY_ID "
        "LEFT JOIN stretches a ON a.id = r.id AND a.cluster = r.cluster AND a.began = r.began "
        "LEFT JOIN stretches z ON z.id = r.id AND z.cluster = r.cluster AND z.began = r.stopped "
        f"WHERE q.EXECUTION_TIME > {SHORTEST_MS})"
    )
