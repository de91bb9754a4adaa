"""A fresh snowdome, the shipped specs on it, and connections as Airflow would give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sluice.domain.policies import load_policies
from sluice.domain.specs import load_environments
from sluice.snowflake.connect import ConnectionSettings, Session, connect
from sluice.stages.workspace import Workspace
from upath import UPath

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
            network_timeout=5,
        )
        if name == "snowflake_admin":
            return replace(base, password="snowdome", role="ACCOUNTADMIN")
        user = f"SVC_SLUICE_{name.removeprefix('snowflake_').upper()}"
        return replace(base, user=user, private_key=_pem(user))


@pytest.fixture
def connections(snowdome: Any) -> Connections:
    """The connections to the server of this test."""
    return Connections(snowdome.port)


@pytest.fixture
def work(connections: Connections, tmp_path: Path) -> Workspace:
    """The shipped environments and policies on a fresh account."""
    environments = load_environments(INCLUDE / "environments")
    return Workspace(
        environments=environments,
        policies=load_policies(INCLUDE / "policies", tuple(environments)),
        store=UPath(tmp_path / "store"),
        project=tmp_path / "project",
        connections=connections,
    )


@pytest.fixture
def admin(connections: Connections) -> Iterator[Session]:
    """A session of the administrator."""
    with connect(connections("snowflake_admin")) as session:
        yield session


@pytest.fixture
def another(connections: Connections) -> Iterator[Callable[[], Session]]:
    """Further sessions of the administrator, closed at the end."""
    opened = []

    def open_one() -> Session:
        manager = connect(connections("snowflake_admin"))
        opened.append(manager)
        return manager.__enter__()

    yield open_one
    for manager in opened:
        manager.__exit__(None, None, None)


def _control(port: int, path: str, body: dict[str, object]) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/snowdome/{path}", json=body, timeout=10)
    answer.raise_for_status()


@pytest.fixture
def fault(snowdome: Any) -> Callable[..., None]:
    """Ask the server for a fault: `fault(match=…, nth=…, when=…, do=…)`."""
    return lambda **what: _control(snowdome.port, "faults", what)


@pytest.fixture
def advance(snowdome: Any) -> Callable[[int], None]:
    """Move the account's clock on by so many seconds."""
    return lambda seconds: _control(snowdome.port, "clock", {"advance_seconds": seconds})


@pytest.fixture
def clear(snowdome: Any) -> Callable[[], list[object]]:
    """Take back the faults that have not struck, and return them."""

    def take_back() -> list[object]:
        answer = httpx.delete(f"http://127.0.0.1:{snowdome.port}/snowdome/faults", timeout=10)
        answer.raise_for_status()
        return list(answer.json()["waiting"])

    return take_back
