"""Key pairs are read in every form that connections hold them in, and never shown."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sluice.errors import SpecError
from sluice.snowflake import keys
from sluice.snowflake.connect import ConnectionSettings

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8


def test_pem_der_and_base64_are_the_same_key() -> None:
    """Whichever form a connection holds, the fingerprint is one."""
    none = serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(b"open")
    pem, der = KEY.private_bytes(PEM, PKCS8, none), KEY.private_bytes(DER, PKCS8, none)
    found = {
        keys.public_key(keys.private_key(pem)),
        keys.public_key(keys.private_key(pem.decode())),
        keys.public_key(keys.private_key(der)),
        keys.public_key(keys.private_key(base64.b64encode(der).decode())),
        keys.public_key(keys.private_key(KEY.private_bytes(PEM, PKCS8, locked), "open")),
    }
    assert len(found) == 1
    assert found.pop().fingerprint.startswith("SHA256:")


@pytest.mark.parametrize("text", ["secret-nonsense", "-----BEGIN PRIVATE KEY-----\nsecret-nonsense\n", ""])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    """The error names the connection, not the secret."""
    with pytest.raises(SpecError) as refused:
        keys.private_key(text, where="Airflow connection snowflake_dev")
    assert "snowflake_dev" in str(refused.value)
    assert "secret-nonsense" not in str(refused.value)


def test_a_key_of_another_kind_is_refused() -> None:
    """Snowflake takes RSA."""
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, serialization.NoEncryption())
    with pytest.raises(SpecError, match="not an RSA"):
        keys.private_key(other)


def test_settings_do_not_show_their_secrets() -> None:
    """Neither password nor key is in a repr that a log might catch."""
    settings = ConnectionSettings("a", "u", password="hush", private_key="hush", private_key_passphrase="hush")
    assert "hush" not in repr(settings)


def test_a_service_without_a_key_is_told_how_to_make_one() -> None:
    """Provisioning needs the public half."""
    with pytest.raises(SpecError, match="no private key") as refused:
        ConnectionSettings("a", "u", password="x", name="snowflake_dev").public_key()
    assert "snowflake_dev" in str(refused.value.where)
