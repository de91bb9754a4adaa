"""A fresh snowdome, the shipped specs on it, and connections as Airflow would give them."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import count, takewhile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from upath import UPath

from sluice.domain.budgets.prices import load_prices
from sluice.domain.ephemeral.templates import load_templates
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


Prepare = Callable[[Snowdome, Workspace], object]
"""What makes something on a fresh account."""


@pytest.fixture
def account(
    snowdome_module: Snowdome,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Snowdome]:
    """The account of this test, in the morning: as empty as a new one, or as the module has it `PREPARED`.

    A module's PREPARED says for a fixture what makes the things which that fixture finds on the account. It is made
    once, for the first test with that fixture; for each further one the whole account is restored.
    """
    prepared: Mapping[str, Prepare] = getattr(request.module, "PREPARED", {})
    makers = tuple(make for name, make in prepared.items() if name in request.fixturenames)

    def make_all() -> None:
        work = workspace(Connections(snowdome_module.port), tmp_path_factory.mktemp("prepared"))
        for make in makers:
            make(snowdome_module, work)

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # or the connector looks for a proxy at each request, in all variables
    snowdome_module.prepare(makers, make_all)
    yield snowdome_module
    snowdome_module.disconnect()


@pytest.fixture
def connections(account: Snowdome) -> Connections:
    """The connections to the server of this test."""
    return Connections(account.port)


def workspace(connections: Connections, folder: Path) -> Workspace:
    """Return the shipped environments and policies, with a store in the folder."""
    environments = load_environments(INCLUDE / "environments")
    return Workspace(
        environments=environments,
        policies=load_policies(INCLUDE / "policies", kinds_of(environments)),
        store=UPath(folder / "store"),
        project=folder / "project",
        connections=connections,
        templates=load_templates(INCLUDE / "environments" / "templates"),
        prices=load_prices(INCLUDE / "policies" / "prices.yml"),
    )


@pytest.fixture
def work(connections: Connections, tmp_path: Path) -> Workspace:
    """The shipped environments and policies on the account."""
    return workspace(connections, tmp_path)


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
    """Eight o'clock UTC of the day in mid-month that the test begins on: hours pass within that day."""
    return datetime.fromisoformat(account.clock()).replace(hour=8, minute=0, second=0, microsecond=0)


@pytest.fixture
def every() -> bool:
    """Whether faults strike every statement, one by one, instead of a part of them: with SLUICE_EVERY_FAULT set."""
    return bool(os.environ.get("SLUICE_EVERY_FAULT"))


@pytest.fixture
def turns(every: bool) -> Callable[[int, int], Iterator[int]]:
    """`turns(which, faults)`: which statements the fault of that number is for, when there are so many faults.

    The faults take turns: each statement meets one of them, or with `every` each meets all.
    """
    return lambda which, faults: count(1) if every else count(1 + which, faults)


@pytest.fixture
def kinds(account: Snowdome, every: bool) -> Callable[[str], list[int]]:
    """`kinds(match)`: of the statements that ran since the log was last forgotten, and match, the first of each kind.

    Their numbers, counted from one: those at which a fault strikes when the same is done again. With `every`, all.
    """

    def numbers(match: str) -> list[int]:
        texts = [str(entry["text"]) for entry in account.statements()]
        matching = [text for text in texts if re.search(match, text, re.IGNORECASE | re.DOTALL)]
        if every:
            return list(range(1, len(matching) + 1))
        first: dict[tuple[str, ...], int] = {}
        for number, text in enumerate(matching, 1):
            first.setdefault(_kind(text), number)
        return sorted({*first.values(), len(matching)})

    return numbers


def _kind(text: str) -> tuple[str, ...]:
    """What a statement does to what: its words up to the first name, and what of that an ALTER changes."""
    words = text.upper().replace("OR REPLACE ", "").replace("IF NOT EXISTS ", "").replace("IF EXISTS ", "").split()
    if words[0] in ("GRANT", "REVOKE"):
        return words[0], words[1] if words[1] in ("ROLE", "OWNERSHIP") else "PRIVILEGES"
    bare = tuple(takewhile(str.isalpha, words))[:3]
    return (*bare, *words[3:5]) if words[0] == "ALTER" else bare


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
