"""Users log in by password or key pair, with the defaults they were given."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.parse
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
    adding = "alter user bot add programmatic access token nightly role_restriction = otter"
    assert refused(admin, adding) == 390432  # a service user's token asks for a network policy
    ask(admin, "create network policy home allowed_ip_list = ('127.0.0.1')", "alter user bot set network_policy = home")
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


def test_a_url_resets_the_password_once(snowdome: Any, ask: Any, refused: Any) -> None:
    """RESET PASSWORD answers with a URL, good once and for twelve hours; until it is used the old password is good."""
    admin = snowdome.connect()
    ask(admin, "create user ann password = 'old'", "create user svc type = service")
    assert refused(admin, "alter user svc reset password") == 3659

    def asked() -> dict[str, Any]:
        url = urllib.parse.urlsplit(ask(admin, "alter user ann reset password")[0]["status"])
        assert url.port == snowdome.port
        given = urllib.parse.parse_qs(url.query)
        return {"user": int(given["user"][0]), "token": given["token"][0], "password": "new"}

    late = asked()
    snowdome.clock(advance_seconds=13 * 3600)
    with pytest.raises(urllib.error.HTTPError):
        snowdome.control("password", late, "POST")
    snowdome.connect(user="ann", password="old")
    once = asked()
    snowdome.control("password", once, "POST")
    snowdome.connect(user="ann", password="new")
    with pytest.raises(urllib.error.HTTPError):
        snowdome.control("password", once, "POST")
    with pytest.raises(DatabaseError):
        snowdome.connect(user="ann", password="old")


def test_expiry_does_not_count_for_administrators(snowdome: Any, ask: Any) -> None:
    """DAYS_TO_EXPIRY locks a user out by the clock, unless it has ACCOUNTADMIN."""
    admin = snowdome.connect()
    ask(
        admin,
        "create user tmp password = 't' days_to_expiry = 2",
        "create user boss password = 'b' days_to_expiry = 2",
        "grant role accountadmin to user boss",
    )
    snowdome.clock(advance_seconds=3 * 86_400)
    with pytest.raises(DatabaseError):
        snowdome.connect(user="tmp", password="t")
    snowdome.connect(user="boss", password="b")


def test_a_user_changes_its_defaults_only(snowdome: Any, ask: Any, refused: Any) -> None:
    """Of its own a user sets default warehouse, role, namespace and session parameters; keys take a privilege."""
    admin = snowdome.connect()
    ask(admin, "create user ann password = 'a' default_secondary_roles = ()", "create role otter")
    ask(admin, "grant role otter to user ann")
    ann = snowdome.connect(user="ann", password="a", role="otter")
    for setting in ("default_warehouse = w", "default_role = otter", "default_namespace = d.s", "timezone = 'UTC'"):
        assert refused(ann, f"alter user ann set {setting}") == 0
    key = public_text(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    for setting in ("password = 'mine'", "email = 'a@b.c'", "disabled = false", f"rsa_public_key = '{key}'"):
        assert refused(ann, f"alter user ann set {setting}") == 3001, setting
    ask(admin, "grant modify programmatic authentication methods on user ann to role otter")
    assert refused(ann, f"alter user ann set rsa_public_key = '{key}'") == 0


def test_a_user_who_goes_takes_its_sessions_along(snowdome: Any, ask: Any) -> None:
    """A session of a user who is disabled or dropped asks nothing more."""
    admin = snowdome.connect()
    ask(admin, "create user ann password = 'a'", "create user bob password = 'b'")
    ann, bob = snowdome.connect(user="ann", password="a"), snowdome.connect(user="bob", password="b")
    ask(admin, "alter user ann set disabled = true", "drop user bob")
    for session in (ann, bob):
        with pytest.raises(DatabaseError):
            ask(session, "select 1")


def test_the_password_of_a_service_waits(snowdome: Any, ask: Any) -> None:
    """A user made a SERVICE cannot log in by its password, which is there again when it is made a PERSON."""
    admin = snowdome.connect()
    ask(admin, "create user ann password = 'a'", "alter user ann set type = service")
    with pytest.raises(DatabaseError):
        snowdome.connect(user="ann", password="a")
    assert ask(admin, "show users like 'ann'")[0]["has_password"] == "false"
    ask(admin, "alter user ann set type = person")
    snowdome.connect(user="ann", password="a")
