"""From an Airflow connection to settings: what is understood, and what is refused with how to mend it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluice.airflow.connections import snowflake_settings
from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.errors import SpecError

Put = Callable[..., str]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Put:
    """Make an Airflow connection of a name of its own and return the name."""
    name = "sf_" + str(abs(hash(request.node.name)))

    def make(**fields: object) -> str:
        made = {"conn_type": "snowflake", "login": "SVC"} | fields
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(made))
        return name

    return make


@pytest.fixture(scope="module")
def pem() -> str:
    """A private key as a connection holds it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_password_and_place(put: Put) -> None:
    """Account, host, port, protocol, role, warehouse and database come from the extra, as the provider reads them."""
    extra = {"account": "a", "host": "127.0.0.1", "port": 8095, "protocol": "http", "role": "R", "warehouse": "W"}
    found = snowflake_settings(put(password="pw", schema="S", extra=extra | {"database": "D"}))
    assert (found.account, found.user, found.password, found.schema) == ("a", "SVC", "pw", "S")
    assert (found.host, found.port, found.protocol) == ("127.0.0.1", 8095, "http")
    assert (found.role, found.warehouse, found.database) == ("R", "W", "D")
    assert "pw" not in repr(found)


def test_private_key_content_wins_and_the_password_is_its_passphrase(put: Put, pem: str) -> None:
    """With a key there is no password to log in with: what the connection calls password opens the key."""
    found = snowflake_settings(put(password="open", extra={"account": "a", "private_key_content": pem}))
    assert found.private_key == pem
    assert found.password is None
    assert found.private_key_passphrase == "open"
    assert "PRIVATE KEY" not in repr(found)


def test_private_key_file(put: Put, pem: str, tmp_path: Path) -> None:
    """The file of private_key_file is read."""
    file = tmp_path / "key.p8"
    file.write_text(pem)
    assert snowflake_settings(put(extra={"account": "a", "private_key_file": str(file)})).private_key == pem


def test_missing_connection_says_how_to_make_it() -> None:
    """A connection that is not there is named, with the command that makes it."""
    with pytest.raises(SpecError, match="airflow connections add snowflake_nowhere --conn-type snowflake"):
        snowflake_settings("snowflake_nowhere")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "postgres", "password": "x"}, "not of type snowflake"),
        ({"password": "x"}, "names no account"),
        ({"login": "", "password": "x", "extra": {"account": "a"}}, "has no login"),
        ({"extra": {"account": "a"}}, "neither a password nor a private key"),
        ({"extra": {"account": "a", "private_key_file": "/not/there.p8"}}, "is not there"),
        ({"extra": {"account": "a", "private_key_file": "/x", "private_key_content": "y"}}, "not both"),
    ],
)
def test_wrong_connection_is_refused_by_name(put: Put, fields: dict[str, object], says: str) -> None:
    """A connection of the wrong kind, or without what is needed, is refused before anything connects."""
    name = put(**fields)
    with pytest.raises(SpecError, match=says) as refused:
        snowflake_settings(name)
    assert name in str(refused.value)


def test_hook_passes_the_protocol_on(put: Put) -> None:
    """The provider drops `protocol`; our hook connects with it, so plain http on this machine works."""
    extra = {"account": "a", "host": "127.0.0.1", "port": 1, "protocol": "http"}
    hook = SluiceSnowflakeHook(snowflake_conn_id=put(password="pw", extra=extra))
    assert hook._get_conn_params()["protocol"] == "http"
