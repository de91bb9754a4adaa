"""A fresh snowdome, the shipped specs on it, and connections as Airflow would give them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from upath import UPath

from sluice.domain.budgets.prices import load_prices
from sluice.domain.ephemeral.templates import load_templates
from sluice.domain.names import Identifier
from sluice.domain.promotion.gate_policy import load_policies
from sluice.domain.specs.environment import kinds_of, load_environments
from sluice.operations.workspace import Workspace
from sluice.snowflake.connect import ConnectionSettings, Session, connect
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

INCLUDE = Path(__file__).resolve().parents[2] / "include"


@cache
def _pem(user: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True)
class Connections:
    """What Airflow's connections hold, for one server."""

    port: int

    def __call__(self, name: str) -> ConnectionSettings:
        """Return the settings of a connection by its Airflow id."""
        base = ConnectionSettings(
            account="snowdome",
            user="ADMIN",
            host="127.0.0.1",
            port=self.port,
            protocol="http",
            name=name,
            login_timeout=5,
        )
        if name == "snowflake_admin":
            return replace(base, password="snowdome", role="ACCOUNTADMIN")
        user = f"SVC_SLUICE_{name.removeprefix('snowflake_').upper()}"
        return replace(base, user=user, private_key=_pem(user))


@pytest.fixture
def account(snowdome_module: Snowdome) -> Iterator[Snowdome]:
    """The account of this module, as empty as a new one when the test begins, and in the morning."""
    snowdome_module.morning()
    yield snowdome_module
    snowdome_module.no_faults()
    with connect(Connections(snowdome_module.port)("snowflake_admin")) as session:
        for kind, ours in (
            ("DATABASE", ""),
            ("WAREHOUSE", ""),
            ("ROLE", ("SLUICE", "OLIST")),
            ("USER", "SVC_"),
            ("RESOURCE MONITOR", ""),
        ):
            for row in session.run(Statement(f"SHOW {kind}S")):
                name = Identifier.from_account(row["name"])
                if name.name.startswith(ours) and name.name != "SNOWFLAKE":
                    session.run(Statement(f"DROP {kind} IF EXISTS {name.sql}"))


@pytest.fixture
def connections(account: Snowdome) -> Connections:
    """The connections to the server of this test."""
    return Connections(account.port)


@pytest.fixture
def work(connections: Connections, tmp_path: Path) -> Workspace:
    """The shipped environments and policies on a fresh account."""
    environments = load_environments(INCLUDE / "environments")
    return Workspace(
        environments=environments,
        policies=load_policies(INCLUDE / "policies", kinds_of(environments)),
        store=UPath(tmp_path / "store"),
        project=tmp_path / "project",
        connections=connections,
        templates=load_templates(INCLUDE / "environments" / "templates"),
        prices=load_prices(INCLUDE / "policies" / "prices.yml"),
    )


@pytest.fixture
def admin(connections: Connections) -> Iterator[Session]:
    """A session of the administrator, with a warehouse of the test's own."""
    with connect(connections("snowflake_admin")) as session:
        session.run(Statement("CREATE WAREHOUSE TESTS WITH WAREHOUSE_SIZE = XSMALL"))
        yield session


@pytest.fixture
def another(connections: Connections, admin: Session) -> Iterator[Callable[[], Session]]:
    """Further sessions like it, closed at the end."""
    opened = []

    def open_one() -> Session:
        manager = connect(connections("snowflake_admin"))
        opened.append(manager)
        session = manager.__enter__()
        session.run(Statement("USE WAREHOUSE TESTS"))
        return session

    yield open_one
    for manager in opened:
        manager.__exit__(None, None, None)


@pytest.fixture
def fault(account: Snowdome) -> Callable[..., None]:
    """Ask the server for a fault: `fault(match=…, nth=…, when=…, do=…)`."""
    return account.fault


@pytest.fixture
def clear(account: Snowdome) -> Callable[[], int]:
    """Take back the faults that have not struck, and return how many there were."""

    def take_back() -> int:
        waiting = len(account.control("faults")["faults"])
        account.no_faults()
        return waiting

    return take_back


@pytest.fixture
def advance(account: Snowdome) -> Callable[[int], None]:
    """Move the account's clock on by so many seconds."""

    def move(seconds: int) -> None:
        account.clock(advance_seconds=seconds)

    return move


@pytest.fixture
def morning(account: Snowdome) -> datetime:
    """It is eight o'clock UTC of a day in mid-month, by the account's clock: hours pass within that day."""
    return account.morning()


@pytest.fixture
def every() -> bool:
    """Whether faults strike every statement, one by one, instead of a part of them: with SLUICE_EVERY_FAULT set."""
    return bool(os.environ.get("SLUICE_EVERY_FAULT"))


@pytest.fixture
def killed(account: Snowdome) -> Callable[[int, Callable[[], object]], bool]:
    """`killed(n, job)`: a worker does the job in a process of its own and is killed while its n-th change is under way.

    Whether it came so far. Afterwards what it had sent is over, one way or the other, and so is its lock's lease.
    """

    def kill(number: int, job: Callable[[], object]) -> bool:
        changing = "(?i)^(alter|create|drop|grant|insert|revoke|undrop|update)"
        account.fault(changing, nth=number, when="before", do="delay", seconds=3600)
        worker = os.fork()
        if worker == 0:
            with suppress(BaseException):
                job()
            os._exit(0)
        while account.control("faults")["faults"] and os.waitpid(worker, os.WNOHANG) == (0, 0):
            pass
        struck = not account.control("faults")["faults"]
        account.no_faults()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        account.clock(advance_seconds=3601)
        return struck

    return kill
