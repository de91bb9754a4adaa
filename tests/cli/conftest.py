"""Terminals for the tests of the command line, and accounts for some of them."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from snowdome.pytest_plugin import Snowdome
from tests.terminal import Terminal


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal where no Airflow is configured and no stack runs."""
    return Terminal(tmp_path_factory.mktemp("terminal"))


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory, snowdome_module: Snowdome) -> Terminal:
    """A terminal whose Airflow connections name an account in which nothing was ever made."""
    reached = {"account": "snowdome", "host": "127.0.0.1", "port": snowdome_module.port, "protocol": "http"}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    logins = {
        "ADMIN": {"login": "ADMIN", "password": "snowdome", "extra": {**reached, "role": "ACCOUNTADMIN"}},
        **{
            name: {"login": f"SVC_SLUICE_{name}", "extra": {**reached, "private_key_content": pem}}
            for name in ("DEV", "STAGING", "PROD")
        },
    }
    folder = tmp_path_factory.mktemp("connected")
    return Terminal(
        folder,
        {"AIRFLOW_HOME": str(folder / "airflow")}
        | {
            f"AIRFLOW_CONN_SNOWFLAKE_{name}": json.dumps({"conn_type": "snowflake", **login})
            for name, login in logins.items()
        },
    )
