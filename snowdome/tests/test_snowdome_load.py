"""32 sessions and 10,000 statements, databases exchanged in between: nothing lost, nothing torn, memory flat."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from snowdome.pytest_plugin import Snowdome

PROCESSES, SESSIONS, STATEMENTS = 4, 8, 10_000
SWAPS = 150
TOTAL = 2_000
"""What the two books hold together, however it is moved."""
MEGABYTE = 2**20
GROWTH = 80
"""Megabytes that the last third may add: the statement log alone keeps each statement's text until it is full."""

PREPARED = (
    "create warehouse wh",
    "create database steady",
    "create table journal (session int, n int)",
    "create table counter as select column1 as id, 0 as n from values (0), (1), (2), (3)",
    "create table still as select column1 as id from values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
    "create table merged (id int, n int)",
    "create table left_book as select id, 100 as amount from still",
    "create table right_book as select id, 100 as amount from still",
    "create database east",
    "create table events (session int, n int)",
    "create database west",
    "create table events (session int, n int)",
    "create database live",
    "create table one as select 0 as g",
    "create table two as select 0 as g",
    "create view both as select one.g as first, two.g as second from one, two",
    "create database reader",
    "create view absolute as select g from live.public.one",
)


@contextmanager
def workers(server: Snowdome) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that work on the account when asked to; none is left."""
    program = [sys.executable, str(Path(__file__).with_name("load_worker.py")), str(server.port)]
    started = [
        subprocess.Popen(
            [*program, str(process), str(SESSIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for process in range(PROCESSES)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def exchange(server: Snowdome, generation: int) -> None:
    """The next generation is built in a clone and exchanged with the live database; so are the two that are written."""
    cursor = server.connect(warehouse="wh").cursor()
    cursor.execute("create or replace database green clone live")
    cursor.execute(f"insert overwrite into green.public.one values ({generation})")
    cursor.execute(f"create or replace table green.public.two as select {generation} as g")
    cursor.execute("alter database live swap with green")
    cursor.execute("alter database east swap with west")
    cursor.connection.close()


def third(server: Snowdome, running: list[subprocess.Popen[str]], generation: int) -> tuple[dict[str, Any], int]:
    """What the sessions have seen after another third of the statements, and the generation reached meanwhile."""
    for process in running:
        print(STATEMENTS // 3 // (PROCESSES * SESSIONS) + 1, file=process.stdin, flush=True)
    with ThreadPoolExecutor(PROCESSES) as readers:
        said = [readers.submit(process.stdout.readline) for process in running if process.stdout is not None]
        for _ in range(SWAPS // 3):
            generation += 1
            exchange(server, generation)
        return {number: seen for one in said for number, seen in json.loads(one.result()).items()}, generation


def test_many_sessions_lose_and_tear_nothing(snowdomes: Any, tmp_path: Path) -> None:
    """Whatever was acknowledged is there once, no answer is of two states, and memory does not grow with the work."""
    server = snowdomes(tmp_path / "account")
    cursor = server.connect().cursor()
    for statement in PREPARED:
        cursor.execute(statement)
    cursor.execute("use warehouse wh")
    memory, generation, found = [], 0, dict[str, Any]()
    with workers(server) as running:
        for _ in range(3):
            found, generation = third(server, running, generation)
            memory.append(psutil.Process(server.pid).memory_info().rss // MEGABYTE)
            wrong = Counter(one for seen in found.values() for one in seen["wrong"])
            assert not wrong, str(wrong)
    assert sum(seen["statements"] for seen in found.values()) >= STATEMENTS
    noted = Counter({int(number): seen["journal"] for number, seen in found.items()})
    events = Counter({int(number): seen["events"] for number, seen in found.items()})

    def ask(sql: str) -> list[Any]:
        return list(cursor.execute(sql).fetchall())

    assert dict(ask("select session, count(distinct n) from steady.public.journal group by 1")) == +noted
    assert ask("select count(*) from steady.public.journal") == [(noted.total(),)]
    both = "(select * from east.public.events union all select * from west.public.events)"
    assert dict(ask(f"select session, count(*) from {both} group by 1")) == +events
    assert ask("select sum(n) from steady.public.counter") == [(sum(seen["counted"] for seen in found.values()),)]
    books = "(select * from steady.public.left_book union all select * from steady.public.right_book)"
    assert ask(f"select sum(amount) from {books}") == [(TOTAL,)]
    assert ask("select max(g) from live.public.one") == [(generation,)]
    assert memory[2] - memory[1] < GROWTH, memory
