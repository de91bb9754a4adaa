"""How long a snowdome with many databases on disk takes from its start until it answers."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from snowdome.pytest_plugin import Snowdome

DATABASES, TABLES = 100, 10


def measure(*, quick: bool) -> list[Figure]:
    """Start an account of a hundred databases that was left in good order, and one that was killed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a start compiles nothing but for the very first time
    with tempfile.TemporaryDirectory() as folder:
        server = Snowdome(Path(folder) / "account")
        try:
            _fill(server)
            stopped = min(_started(server, killed=False) for _ in range(1 if quick else 5))
            killed = min(_started(server, killed=True) for _ in range(1 if quick else 5))
        finally:
            server.close()
    what = f"start to ready with {DATABASES} databases of {TABLES} tables on disk"
    return [Figure(what, stopped, "s", bar="<= 2 s"), Figure(f"{what}, after kill -9", killed, "s", bar="<= 2 s")]


def _fill(server: Snowdome) -> None:
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute("create warehouse w")
    cursor.execute("create database d0")
    for table in range(TABLES):
        cursor.execute(f"create table d0.public.t{table} as select {table} as id, 'x' as name")
    for number in range(1, DATABASES):
        cursor.execute(f"create database d{number} clone d0")
        cursor.execute(f"insert into d{number}.public.t0 values ({number}, 'y')")  # rows of its own
    server.disconnect()


def _started(server: Snowdome, *, killed: bool) -> float:
    """Seconds until the server has said that it is ready and has answered a first request."""
    if killed:
        server.kill()
    else:
        server.stop()
    started = time.perf_counter()
    server.start()
    server.control("clock")
    return time.perf_counter() - started
