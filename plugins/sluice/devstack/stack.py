"""One machine's stack: the embedded account and Airflow's four processes, started, watched and stopped as one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from sluice.airflow_client.api import AirflowApi
from sluice.devstack import processes
from sluice.devstack.environment import StackEnvironment
from sluice.devstack.ports import claim
from sluice.devstack.processes import Service
from sluice.errors import RefusedError, RetryError, StopError
from sluice.settings import dbt_project

AIRFLOW = {
    "api-server": ["airflow", "api-server"],
    "scheduler": ["sluice.devstack.preload", "scheduler", "--skip-serve-logs"],
    "dag-processor": ["airflow", "dag-processor"],
    "triggerer": ["airflow", "triggerer", "--skip-serve-logs"],
}
PATIENCE = 240.0

Say = Callable[[str], None]


class Stack:
    """The whole stack on one machine; leaving the `with` block ends every process it started."""

    def __init__(self, environment: StackEnvironment, log: Say = lambda _: None) -> None:
        self.environment = environment
        self.services: list[Service] = []
        self._say = log

    @classmethod
    def at(
        cls,
        root: Path,
        name: str,
        *,
        project: Path | None = None,
        account_port: int = 0,
        api_port: int = 0,
        more: Mapping[str, str] | None = None,
        say: Say = lambda _: None,
    ) -> Self:
        """Return a stack in build/<name>, not started; refuses one that is running, and ports that are taken."""
        home = root / "build" / name
        refuse_running(home / "stack.json")
        environment = StackEnvironment(
            root=root,
            home=home,
            account_port=claim(account_port, "the embedded account", "--account-port"),
            api_port=claim(api_port, "Airflow", "--port"),
            project=project or dbt_project(root),
            more=more or {},
        )
        return cls(environment, say)

    @property
    def logs(self) -> Path:
        """Where each process's output is."""
        return self.environment.home / "logs"

    @property
    def state_file(self) -> Path:
        """Which processes make up the stack, for `down`."""
        return self.environment.home / "stack.json"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def task_logs(self) -> Path:
        """Where Airflow keeps the logs of tasks."""
        return self.environment.airflow_home / "logs"

    def start(self) -> None:
        """Start the account and Airflow and wait until every DAG file is parsed; on an error, stop everything."""
        refuse_running(self.state_file)
        self.environment.airflow_home.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self.environment.scratch.mkdir(exist_ok=True)
        try:
            self._start_account()
            self._prepare()
            for name, arguments in AIRFLOW.items():
                self._launch(name, [sys.executable, "-m", *arguments])
            self._await_health()
            self._await_dags()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every process of the stack; its data and logs stay."""
        processes.stop([service for service in self.services if service.name != "account"])
        processes.stop(self.services)
        self.services.clear()
        self.state_file.unlink(missing_ok=True)

    def restart_account(self) -> None:
        """Restart the account's process on the same port and data."""
        old = [service for service in self.services if service.name == "account"]
        processes.stop(old)
        self.services = [service for service in self.services if service.name != "account"]
        self._start_account()

    @contextmanager
    def api(self, user: str = "admin") -> Iterator[AirflowApi]:
        """Yield a client of this Airflow, signed in as one of its users."""
        client = AirflowApi(self.environment.url, user, self.password(user))
        try:
            yield client
        finally:
            client.close()

    def password(self, user: str) -> str:
        """Return the password that Airflow generated for the user."""
        return str(json.loads(self.environment.passwords.read_text())[user])

    def _launch(self, name: str, command: list[str]) -> Service:
        log = self.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        service = processes.launch(
            name, command, environment=self.environment.variables(), log=log, cwd=self.environment.root
        )
        self.services.append(service)
        write_state(self.state_file, self.environment, self.services)
        return service

    def _start_account(self) -> None:
        data, port = self.environment.home / "account", self.environment.account_port
        command = [sys.executable, "-m", "snowdome", "serve", "--port", str(port), "--data", str(data)]
        service = self._launch("account", command)
        self._until("account", lambda: "snowdome ready" in Path(service.log).read_text(), [service], every=0.1)

    def _prepare(self) -> None:
        started = time.monotonic()
        log = self.logs / "prepare.log"
        with log.open("wb") as output:
            result = subprocess.run(
                [sys.executable, "-m", "sluice.devstack.prepare", str(self.environment.account_port)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment.variables(),
                cwd=self.environment.root,
                check=False,
            )
        if result.returncode:
            raise StopError("Airflow's database could not be prepared", where=str(log), value=tail(log))
        self._say(f"Airflow's database and connections are ready ({time.monotonic() - started:.1f} s)")

    def _await_health(self) -> None:
        def healthy() -> bool:
            try:
                answer = httpx.get(f"{self.environment.url}/api/v2/monitor/health", timeout=10, trust_env=False)
            except httpx.TransportError:
                return False
            parts = answer.json() if answer.status_code == httpx.codes.OK else {}
            names = ("metadatabase", "scheduler", "dag_processor", "triggerer")
            return all((parts.get(name) or {}).get("status") == "healthy" for name in names)

        self._until("Airflow", healthy, self.services, every=0.5)

    def _await_dags(self) -> None:
        files = {path.name for path in (self.environment.root / "dags").glob("*.py")}
        with self.api() as api:
            self._until(
                f"{len(files)} DAG files",
                lambda: bool(api.import_errors()) or api.dag_files() >= files,
                self.services,
                every=0.5,
            )
            if errors := api.import_errors():
                raise StopError("DAG files did not import", where=str(self.environment.root / "dags"), value=errors)

    def _until(self, what: str, ready: Callable[[], bool], services: list[Service], *, every: float) -> None:
        started = time.monotonic()
        while not ready():
            for service in services:
                if not service.running:
                    log = Path(service.log)
                    raise StopError(f"{service.name} ended while starting", where=str(log), value=tail(log))
            if time.monotonic() - started > PATIENCE:
                raise RetryError(f"{what} was not ready after {PATIENCE:.0f} s", where=str(self.logs))
            time.sleep(every)
        self._say(f"{what} ready ({time.monotonic() - started:.1f} s)")


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def write_state(file: Path, surroundings: StackEnvironment, services: list[Service]) -> None:
    """The state file says which processes run and where to reach them; no secret is in it."""
    state: dict[str, Any] = {
        "url": surroundings.url,
        "account_port": surroundings.account_port,
        "services": [service.to_json() for service in services],
    }
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(state, indent=2))
    fresh.replace(file)


def read_state(file: Path) -> list[Service]:
    """Return the services a state file names; none when there is no file."""
    if not file.is_file():
        return []
    return [Service(**service) for service in json.loads(file.read_text())["services"]]


def refuse_running(file: Path) -> None:
    """No stack of this state file runs, or this is refused."""
    if living := [service.name for service in read_state(file) if service.running]:
        raise RefusedError(
            "this stack is already running",
            where=str(file),
            value=living,
            good="make down",
            untouched="the running stack",
        )


def stop_from_state(file: Path) -> int:
    """End what a state file names and return how many processes ran."""
    services = read_state(file)
    running = sum(service.running for service in services)
    processes.stop([service for service in services if service.name != "account"])
    processes.stop(services)
    file.unlink(missing_ok=True)
    return running
