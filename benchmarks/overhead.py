"""snowdome beside bare fakesnow: a dbt build, point statements; and its own clone and swap."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import snowflake.connector
import yaml

from benchmarks.figure import Figure
from benchmarks.shops import account, generated


def measure(*, quick: bool) -> list[Figure]:
    """Measure both servers in turns, so that a noisy minute hits both."""
    models, statements, rounds = (20, 200, 1) if quick else (100, 1000, 3)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds):
        with account() as server:
            ours.append((_build(server.settings, models), _points(server.settings, statements)))
        with fakesnow() as settings:
            theirs.append((_build(settings, models), _points(settings, statements)))
    build, points = (min(one) for one in zip(*ours, strict=True))
    bare_build, bare_points = (min(one) for one in zip(*theirs, strict=True))
    return [
        Figure(f"dbt build of {models} models on snowdome", build, "s", "bare fakesnow", bare_build, "<= 1.15x"),
        Figure(
            "point statements a second, one session",
            statements / points,
            "/s",
            "bare fakesnow",
            statements / bare_points,
            ">= 0.85x",
        ),
        *_clone_and_swap(100 if quick else 1000),
    ]


def _build(settings: dict[str, Any], models: int) -> float:
    """Seconds of a dbt build of as many models, dbt's own start included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "models").mkdir()
        for model, text in generated(models).items():
            (folder / "models" / f"{model}.sql").write_text(text)
        (folder / "dbt_project.yml").write_text("name: b\nprofile: b\nmodels: {b: {+materialized: table}}\n")
        output = {
            "type": "snowflake",
            "account": settings["account"],
            "user": settings["user"],
            "password": settings["password"],
            "host": settings["host"],
            "port": settings["port"],
            "protocol": "http",
            "database": "BENCH",
            "schema": "PUBLIC",
            "warehouse": "BENCH_WH",
            "threads": 2,
        }
        (folder / "profiles.yml").write_text(yaml.safe_dump({"b": {"target": "t", "outputs": {"t": output}}}))
        _prepare(settings)
        started = time.perf_counter()
        command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "--no-send-anonymous-usage-stats", "build"]
        subprocess.run([*command, "--profiles-dir", name, "--project-dir", name], check=True)
        return time.perf_counter() - started


def _points(settings: dict[str, Any], count: int) -> float:
    """Seconds of that many one-row statements, one after the other."""
    with snowflake.connector.connect(**settings, database="BENCH", schema="PUBLIC", warehouse="BENCH_WH") as connection:
        cursor = connection.cursor()
        started = time.perf_counter()
        for number in range(count):
            cursor.execute(f"select amount from m0000 where id = {number}")
            cursor.fetchall()
        return time.perf_counter() - started


def _prepare(settings: dict[str, Any]) -> None:
    with snowflake.connector.connect(**settings) as connection:
        cursor = connection.cursor()
        cursor.execute("create database if not exists bench")
        if settings["account"] != "fakesnow":
            cursor.execute("create warehouse if not exists bench_wh")


def _clone_and_swap(tables: int) -> list[Figure]:
    with account() as server:
        cursor = server.connect().cursor()
        cursor.execute("create warehouse w")
        for name, count in (("small", 1), ("big", tables)):
            cursor.execute(f"create database {name}")
            for number in range(count):
                cursor.execute(f"create table {name}.public.t{number} as select {number} as id")
        cloned = _timed(cursor, "create database big_green clone big")
        cursor.execute("create database small_green clone small")
        swaps = {
            name: min(_timed(cursor, f"alter database {name} swap with {name}_green") for _ in range(20))
            for name in ("small", "big")
        }
    return [
        Figure(f"clone of a database of {tables} tables", cloned, "s"),
        Figure(f"swap of databases of {tables} tables", swaps["big"], "s", "of 1 table", swaps["small"], "independent"),
    ]


def _timed(cursor: Any, sql: str) -> float:
    started = time.perf_counter()
    cursor.execute(sql)
    return time.perf_counter() - started


@contextmanager
def fakesnow() -> Iterator[dict[str, Any]]:
    """A bare fakesnow server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("fakesnow")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program, "-s", "-p", str(port)], env=os.environ.copy(), **quiet) as process:  # type: ignore[call-overload]
        try:
            _wait_for(port)
            yield {
                "account": "fakesnow",
                "user": "fake",
                "password": "snow",
                "host": "127.0.0.1",
                "port": port,
                "protocol": "http",
            }
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"fakesnow did not open port {port}")
