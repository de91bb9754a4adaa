"""Users log in by password or key pair, with the defaults they were given."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector.errors import DatabaseError


@pytest.fixture(scope="module")
def admin(snowdome_module: Any, ask: Any) -> Any:
    """The administrator's session, with a role and a warehouse for users."""
    connection = snowdome_module.connect()
    ask(connection, "create role otter", "create warehouse w", "create database pond")
    return connection


def public_text(key: rsa.RSAPrivateKey) -> str:
    """The public key as RSA_PUBLIC_KEY takes it."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def private_der(key: rsa.RSAPrivateKey) -> bytes:
    """The private key as the connector takes it."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_password_logs_in_until_it_is_changed(snowdome_module: Any, admin: Any, ask: Any) -> None:
    """A user logs in by LOGIN_NAME and password with its defaults, and the old password is dead once changed."""
    ask(
        admin,
        "create user ann password = 'one' login_name = 'ann@lake' default_role = otter default_warehouse = w "
        "default_namespace = pond.public",
        "grant role otter to user ann",
    )
    session = snowdome_module.connect(user="ann@lake", password="one")
    asked = "select current_user() as u, current_role() as r, current_warehouse() as w, current_database() as d"
    assert ask(session, asked) == [{"U": "ANN", "R": "OTTER", "W": "W", "D": "POND"}]
    ask(admin, "alter user ann set password = 'two'")
    with pytest.raises(DatabaseError):
        snowdome_module.connect(user="ann@lake", password="one")
    snowdome_module.connect(user="ann@lake", password="two")


def test_a_key_pair_logs_in_and_rotates(snowdome_module: Any, admin: Any, ask: Any) -> None:
    """A service user logs in with either key, DESCRIBE USER shows their fingerprints, a removed key is dead."""
    old, new = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    ask(admin, f"create user svc type = service rsa_public_key = '{public_text(old)}'")
    snowdome_module.connect(user="SVC", password=None, private_key=private_der(old))
    ask(admin, f"alter user svc set rsa_public_key_2 = '{public_text(new)}'")
    snowdome_module.connect(user="SVC", password=None, private_key=private_der(new))
    described = {row["property"]: row["value"] for row in ask(admin, "describe user svc")}
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(public_text(new))).digest()).decode()
    assert described["RSA_PUBLIC_KEY_2_FP"] == f"SHA256:{digest}"
    assert described["TYPE"] == "SERVICE"
    ask(admin, "alter user svc unset rsa_public_key")
    with pytest.raises(DatabaseError):
        snowdome_module.connect(user="SVC", password=None, private_key=private_der(old))
    snowdome_module.connect(user="SVC", password=None, private_key=private_der(new))


def test_a_disabled_or_expired_user_stays_out(snowdome: Any, ask: Any) -> None:
    """DISABLED, DAYS_TO_EXPIRY and MUST_CHANGE_PASSWORD keep a user from logging in."""
    admin = snowdome.connect()
    ask(admin, "create user new password = 'n' must_change_password = true")
    with pytest.raises(DatabaseError):
        snowdome.connect(user="new", password="n")
    ask(admin, "create user bob password = 'b' disabled = true", "create user tmp password = 't' days_to_expiry = 2")
    with pytest.raises(DatabaseError):
        snowdome.connect(user="bob", password="b")
    snowdome.connect(user="tmp", password="t")
    ask(admin, "alter user bob set disabled = false")
    snowdome.connect(user="bob", password="b")
    snowdome.clock(advance_seconds=3 * 86_400)
    with pytest.raises(DatabaseError):
        snowdome.connect(user="tmp", password="t")


def test_a_token_logs_in_until_it_is_removed(snowdome_module: Any, admin: Any, ask: Any, refused: Any) -> None:
    """A programmatic access token stands for the password, keeps to its role, and is dead once removed."""
    ask(admin, "create user bot type = service", "grant role otter to user bot")
    made = ask(
        admin, "alter user bot add programmatic access token nightly role_restriction = otter days_to_expiry = 5"
    )
    secret = made[0]["token_secret"]
    session = snowdome_module.connect(user="bot", password=secret)
    assert ask(session, "select current_role() as r") == [{"R": "OTTER"}]
    assert refused(session, "use role public") == 3013
    assert [row["name"] for row in ask(admin, "show user programmatic access tokens for user bot")] == ["NIGHTLY"]
    ask(admin, "alter user bot remove programmatic access token nightly")
    with pytest.raises(DatabaseError):
        snowdome_module.connect(user="bot", password=secret)


def test_a_login_in_a_role_of_others_is_refused(snowdome_module: Any, admin: Any, ask: Any) -> None:
    """A connection that asks for a role the user does not have is refused; one that asks for none gets the default."""
    ask(admin, "create user eve password = 'e' default_role = otter")
    with pytest.raises(DatabaseError):
        snowdome_module.connect(user="eve", password="e", role="otter")
    session = snowdome_module.connect(user="eve", password="e")
    assert ask(session, "select current_role() as r, current_secondary_roles() as s")[0]["R"] == "PUBLIC"
