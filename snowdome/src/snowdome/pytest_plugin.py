"""The `snowdome` fixture: an account of its own for a test, over the wire, with its clock and faults in hand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

STOP_SECONDS = 60
_WEDNESDAY = 2
_MID_MONTH = range(5, 21)
PASSWORD = "snowdome"  # noqa: S105 (the documented default of a toy account)


class Snowdome:
    """A running server, and what a test does to it."""

    def __init__(self, folder: Path | None = None, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[str] | None = None
        self._scratch = TemporaryDirectory(prefix="snowdome_")  # what a killed server leaves behind
        self._connections: list[Any] = []
        self._prepared: dict[Hashable, str] = {}
        self.start()

    # -- the process --------------------------------------------------------------------------------------------
    def start(self) -> None:
        """The server runs and answers."""
        self._prepared.clear()
        keeping = ["--data", str(self.folder)] if self.folder is not None else ["--memory"]
        command = [sys.executable, "-m", "snowdome", "serve", "--attached", "--port", str(self.port), *keeping]
        # attached: the server ends with the test run, also when that is killed
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": self._scratch.name},
        )
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if " ready on " not in line:
            code = self._process.wait(STOP_SECONDS)
            raise RuntimeError(f"snowdome did not start: exit code {code}, said {line!r}")
        self.port = int(line.split(" ready on ", 1)[1].split(" ", 1)[0].rsplit(":", 1)[1])

    def stop(self) -> int:
        """The server has stopped in good order; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """The server is dead, as by `kill -9`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """The server runs again, on the same port, with what it kept."""
        if self.running:
            self.stop()
        self.start()

    def wait(self) -> int:
        """The server has ended by itself; its exit code."""
        return self._end(None)

    @property
    def running(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise RuntimeError("snowdome is not running")
        return self._process.pid

    def _end(self, with_signal: signal.Signals | None) -> int:
        if self._process is None:
            return 0
        if with_signal is not None and self._process.poll() is None:
            self._process.send_signal(with_signal)
        code = self._process.wait(STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None
        return code

    # -- clients ------------------------------------------------------------------------------------------------
    @property
    def settings(self) -> dict[str, Any]:
        """What snowflake.connector.connect needs to reach this account as its administrator."""
        return {
            "account": "snowdome",
            "user": "ADMIN",
            "password": PASSWORD,
            "host": "127.0.0.1",
            "port": self.port,
            "protocol": "http",
        }

    def connect(self, **overrides: Any) -> Any:
        """A connection, closed after the test."""
        import snowflake.connector

        connection = snowflake.connector.connect(**{**self.settings, **overrides})
        self._connections.append(connection)
        return connection

    def disconnect(self) -> None:
        """No connection made here is open."""
        for connection in self._connections:
            with contextlib.suppress(Exception):
                connection.close(retry=False)
        self._connections.clear()

    def close(self) -> None:
        """Nothing of it is left."""
        self.disconnect()
        if self.running:
            self.kill()
        self._scratch.cleanup()

    # -- control ------------------------------------------------------------------------------------------------
    def control(self, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> dict[str, Any]:
        """The answer of a control route."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/snowdome/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
        )
        with urllib.request.urlopen(request, timeout=STOP_SECONDS) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found

    def clock(self, **setting: Any) -> str:
        """The account's time, after setting it (`now`, `advance_seconds`, `speed`)."""
        return str(self.control("clock", setting, "POST")["now"]) if setting else str(self.control("clock")["now"])

    def morning(self) -> datetime:
        """It is eight o'clock UTC of a Wednesday in mid-month, later than it was: what it is now.

        A test that begins so finds the same day, week and month around it at whatever hour it runs.
        """
        now = datetime.fromisoformat(self.clock()).astimezone(UTC)
        days = (now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=n) for n in range(60))
        found = next(day for day in days if day > now and day.day in _MID_MONTH and day.weekday() == _WEDNESDAY)
        self.clock(now=found.isoformat())
        return found

    def fault(self, match: str, **fault: Any) -> None:
        """The n-th statement that matches will be struck (see `snowdome.state.fault_injection.Fault`)."""
        self.control("faults", {"match": match, **fault}, "POST")

    def no_faults(self) -> None:
        """No fault is waiting."""
        self.control("faults", method="DELETE")

    def statements(self) -> list[dict[str, Any]]:
        """What ran, oldest first."""
        found: list[dict[str, Any]] = self.control("statements")["statements"]
        return found

    def forget_statements(self) -> None:
        """The statement log is empty."""
        self.control("statements", method="DELETE")

    def snapshot(self) -> str:
        """Return the id of a snapshot of the whole account as it is now."""
        return str(self.control("snapshot", method="POST")["id"])

    def restore(self, snapshot: str) -> None:
        """The account is as it was in the snapshot; connections made before have to log in again."""
        self.disconnect()
        self.control("restore", {"id": snapshot}, "POST")

    def discard(self, snapshot: str) -> None:
        """The snapshot is no longer kept."""
        self.control("snapshot", {"id": snapshot}, "DELETE")

    def prepare(self, key: Hashable, make: Callable[[], object]) -> None:
        """The account is as `make` leaves a fresh one in the morning: made once for each key, then restored."""
        if key in self._prepared and self.running:
            self.restore(self._prepared[key])
            return
        self.reset()
        self.morning()
        make()
        self._prepared[key] = self.snapshot()

    def reset(self) -> None:
        """The account is fresh, and running if it was not."""
        self.disconnect()
        if self.running:
            self.control("reset", method="POST")
        else:
            self.start()


class _Servers:
    """The servers of a test run's process: what a test or a module has given back, the next one takes."""

    def __init__(self) -> None:
        self._idle: list[Snowdome] = []
        self._all: list[Snowdome] = []

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Snowdome]:
        """A server with a fresh account, until the end of the block."""
        if self._idle:
            server = self._idle.pop()
            server.reset()
        else:
            server = Snowdome()
            self._all.append(server)
        try:
            yield server
        finally:
            server.disconnect()
            self._idle.append(server)

    def close(self) -> None:
        """None is left."""
        for server in self._all:
            server.close()


@pytest.fixture(scope="session")
def _snowdome_servers() -> Iterator[_Servers]:
    """The servers in memory of this process; one starts when a test asks for one and none is idle."""
    servers = _Servers()
    yield servers
    servers.close()


@pytest.fixture
def snowdome(_snowdome_servers: _Servers) -> Iterator[Snowdome]:
    """A fresh account in memory, in the morning."""
    with _snowdome_servers.fresh() as server:
        server.morning()
        yield server


@pytest.fixture(scope="module")
def snowdome_module(_snowdome_servers: _Servers) -> Iterator[Snowdome]:
    """One account in memory for all tests of a module, which keep out of each other's databases; in the morning."""
    with _snowdome_servers.fresh() as server:
        server.morning()
        yield server


@pytest.fixture(scope="module")
def snowdome_today(_snowdome_servers: _Servers) -> Iterator[Snowdome]:
    """One account in memory for all tests of a module, on this machine's own time: for data that is made by that."""
    with _snowdome_servers.fresh() as server:
        yield server


@pytest.fixture
def snowdome_on_disk(tmp_path: Path) -> Iterator[Snowdome]:
    """A fresh account, in the morning, that keeps its data in a folder: it can be killed and started again."""
    server = Snowdome(tmp_path / "account")
    server.morning()
    yield server
    server.close()


@pytest.fixture
def snowdomes() -> Iterator[Callable[..., Snowdome]]:
    """A maker of accounts, all closed after the test."""
    made: list[Snowdome] = []

    def make(folder: Path | None = None, **options: Any) -> Snowdome:
        made.append(Snowdome(folder, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()
