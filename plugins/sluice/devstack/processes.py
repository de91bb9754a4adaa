"""The stack's processes: each in its own session, so that its children can be found and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from sluice.errors import RetryError


@dataclass(frozen=True, slots=True)
class Service:
    """A started process: the leader of its session, identified by pid and start time."""

    name: str
    pid: int
    started: float
    log: str

    def to_json(self) -> dict[str, Any]:
        """Return the service as primitives for the state file."""
        return asdict(self)

    @property
    def running(self) -> bool:
        """Whether this process still runs."""
        try:
            process = psutil.Process(self.pid)
            return bool(abs(process.create_time() - self.started) < 1 and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


def launch(name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path) -> Service:
    """Start a process in a session of its own, its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    return Service(name=name, pid=process.pid, started=psutil.Process(process.pid).create_time(), log=str(log))


def members(services: Iterable[Service]) -> list[psutil.Process]:
    """Return every living process of the services' sessions, and what those have forked into other sessions."""
    sessions = {service.pid for service in services if not _reused(service)}
    processes: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                processes[process.pid] = process
                processes.update({child.pid: child for child in process.children(recursive=True)})
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return [process for process in processes.values() if process.is_running()]


def stop(services: Sequence[Service], *, grace: float = 8.0) -> None:
    """Terminate the services' sessions, then kill what remains."""
    known = members(services)
    for service in services:
        if service.running:
            os.kill(service.pid, signal.SIGTERM)
    _wait(services, known, grace)
    for _ in range(20):
        remaining_by_id = {process.pid: process for process in [*members(services), *known] if _lives(process)}
        if not remaining_by_id:
            break
        for process in remaining_by_id.values():
            _kill(process)
        psutil.wait_procs(list(remaining_by_id.values()), timeout=1)
    _reap(services)
    if remaining := [process.pid for process in [*members(services), *known] if _lives(process)]:
        raise RetryError("some processes did not end", where="stack", value=str(remaining), good="end them by id")


def _wait(services: Sequence[Service], seen: Sequence[psutil.Process], grace: float) -> None:
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(_lives(process) for process in seen):
        _reap(services)
        time.sleep(0.1)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _reused(service: Service) -> bool:
    """Whether the id now belongs to a process that is not ours: then there is nothing of ours to find under it."""
    try:
        return bool(abs(psutil.Process(service.pid).create_time() - service.started) >= 1)
    except psutil.NoSuchProcess:
        return False


def _reap(services: Iterable[Service]) -> None:
    """Collect the exit status of those that are our own children, so that none stays a zombie."""
    for service in services:
        try:
            os.waitpid(service.pid, os.WNOHANG)
        except ChildProcessError:
            continue
