"""What the laptop starts, it can end: wholly, also what forked away, also when a port is taken."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from sluice.devstack import processes
from sluice.devstack.stack import Stack, read_state, refuse_running, stop_from_state, write_state
from sluice.errors import RefusedError, SpecError

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("forked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path: Path) -> processes.Service:
    """A service that ignores SIGTERM and has a child in a session of its own."""
    log = tmp_path / "stubborn.log"
    started = processes.launch("stubborn", [sys.executable, "-c", STUBBORN], environment={}, log=log, cwd=tmp_path)
    while "forked" not in log.read_text():
        time.sleep(0.05)
    return started


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def test_stop_ends_what_ignores_it_and_what_left_the_session(stubborn: processes.Service) -> None:
    """A process that ignores SIGTERM and a child that made its own session are both gone."""
    before = {process.pid for process in processes.members([stubborn])}
    assert len(before) == 2
    processes.stop([stubborn], grace=0.3)
    assert processes.members([stubborn]) == []
    assert not any(alive(pid) for pid in before)


def test_down_ends_what_the_state_file_names(stubborn: processes.Service, tmp_path: Path) -> None:
    """`down` in another process finds the services again by id and start time."""
    file, stack = tmp_path / "stack.json", Stack.at(tmp_path, "x")
    write_state(file, stack.environment, [stubborn])
    assert read_state(file) == [stubborn]
    with pytest.raises(RefusedError, match="already running"):
        refuse_running(file)
    assert stop_from_state(file) == 1
    assert not stubborn.running
    assert not file.exists()


def test_a_reused_id_is_left_alone() -> None:
    """An id that now belongs to another process is not ours to end."""
    other = processes.Service(name="ours, long gone", pid=psutil.Process().pid, started=1.0, log="")
    assert not other.running
    processes.stop([other], grace=0.1)


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """The error names the option, the port and a free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SpecError, match="--port") as refused:
            Stack.at(tmp_path, "x", api_port=port)
    assert refused.value.value == port
    assert not (tmp_path / "build").exists()
