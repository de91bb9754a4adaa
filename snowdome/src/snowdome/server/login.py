"""Logging in: who may, by password or key pair, and what the session starts with."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from snowdome.errors import SqlError
from snowdome.objects.users import show as show_users
from snowdome.objects.users import tokens
from snowdome.security import access, keys, network_policies, passwords
from snowdome.state.records import Database, Role, Schema, User
from snowdome.state.sessions import open_session
from snowdome.usage import login_history

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowdome.account import Account
    from snowdome.state.session import Session

KEYS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")


def login(account: Account, data: Mapping[str, Any], query: Mapping[str, str], address: str = "") -> Session:
    """A session for the one who proved who it is and comes from where it may; the attempt is in LOGIN_HISTORY."""
    try:
        session = _login(account, data, query, address)
    except SqlError as refusal:
        known = user_of(account, str(data.get("LOGIN_NAME", "")))
        login_history.note(account, data, known.name if known is not None else None, address, refusal)
        raise
    name = account.catalog.get(User, session.user).name
    session.login_event = login_history.note(account, data, name, address, None)
    return session


def _login(account: Account, data: Mapping[str, Any], query: Mapping[str, str], address: str) -> Session:
    user = _user(account, str(data.get("LOGIN_NAME", "")))
    if address:
        network_policies.check(account, user, address)
    only_role = _prove(account, user, data)
    parameters = dict(data.get("SESSION_PARAMETERS") or {})
    role = _role(account, user, query.get("roleName") or only_role)
    if only_role is not None and role.name != only_role:
        raise refused(f"Programmatic access token is restricted to role '{only_role}'.")
    secondary = user.properties.get("DEFAULT_SECONDARY_ROLES") or ()
    with account.catalog.lock:  # also while two databases exchange their names
        database, schema = _existing(account, *_namespace(user, query))
    return open_session(
        account,
        user,
        role,
        secondary_roles="ALL" in secondary and only_role is None,
        only_role=role.id if only_role is not None else None,
        database=database,
        schema=schema,
        warehouse=_folded(query.get("warehouse")) or user.properties.get("DEFAULT_WAREHOUSE"),
        parameters={k.upper(): v for k, v in parameters.items()},
        autocommit=parameters.get("AUTOCOMMIT", True) is not False,
        client=str(data.get("CLIENT_APP_ID", "")),
        address=address,
        opened_on=account.clock.now(),
    )


def fingerprint(public_key: str) -> str:
    """The fingerprint of a public key, as it stands in the tokens of key-pair authentication."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(_der(public_key)).digest()).decode()


def refused(message: str = "Incorrect username or password was specified.") -> SqlError:
    """390100: who it is was not proved."""
    return SqlError(390100, "08004", message)


def user_of(account: Account, login_name: str) -> User | None:
    """The user who logs in under that name."""
    wanted = login_name.upper()
    return next((u for u in account.catalog.all(User) if (u.login_name or u.name).upper() == wanted), None)


def _user(account: Account, login_name: str) -> User:
    user = user_of(account, login_name)
    if user is None:
        raise refused()
    if user.disabled:
        raise SqlError(390101, "08004", "User access disabled. Contact your local system administrator.")
    return user


def _prove(account: Account, user: User, data: Mapping[str, Any]) -> str | None:
    """The user is who it says; the result is the role that its token is restricted to, if it is."""
    expires = user.properties.get("EXPIRES_ON")
    if (
        expires is not None
        and not _administers(account, user)
        and datetime.fromisoformat(str(expires)) <= account.clock.now()
    ):
        raise SqlError(390101, "08004", "User access disabled. Contact your local system administrator.")
    authenticator = str(data.get("AUTHENTICATOR", "")).upper()
    if authenticator == "SNOWFLAKE_JWT":
        _check_key(user, str(data.get("TOKEN", "")))
        return None
    secret = str(data.get("TOKEN" if authenticator == "PROGRAMMATIC_ACCESS_TOKEN" else "PASSWORD", ""))
    by_password = authenticator != "PROGRAMMATIC_ACCESS_TOKEN" and show_users.has_password(user)
    if by_password and passwords.matches(secret, user.password_hash or ""):
        if user.properties.get("MUST_CHANGE_PASSWORD"):
            raise SqlError(390106, "08004", "Specified password has expired. Password must be changed.")
        return None
    token = tokens.matching(account, user, secret)
    if token is None:
        raise refused()
    network_policies.require(account, user)
    return str(token["role"]) if token["role"] else None


def _administers(account: Account, user: User) -> bool:
    """Whether the user has ACCOUNTADMIN: DAYS_TO_EXPIRY does not count then (docs sql-reference/sql/create-user)."""
    admin = account.catalog.find(Role, "ACCOUNTADMIN")
    return admin is not None and access.may_assume(account, user, admin)


def _check_key(user: User, token: str) -> None:
    """The token is signed with the private key of one of the user's public keys."""
    for name in KEYS:
        key = user.properties.get(name)
        if not key or keys.elided(str(key)):
            continue
        public = serialization.load_der_public_key(_der(str(key)))
        if not isinstance(public, RSAPublicKey):
            continue
        try:
            claims = jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})
        except jwt.PyJWTError:
            continue
        if str(claims.get("iss", "")).endswith(fingerprint(str(key))):
            return
    raise SqlError(390144, "08004", "JWT token is invalid.")


def _der(public_key: str) -> bytes:
    lines = [line for line in public_key.splitlines() if line and not line.startswith("-----")]
    return base64.b64decode("".join(lines))


def _role(account: Account, user: User, wanted: str | None) -> Role:
    name = _folded(wanted) or user.properties.get("DEFAULT_ROLE") or "PUBLIC"
    found = account.catalog.find(Role, name)
    if found is None or not access.may_assume(account, user, found):
        if wanted is None:
            public = account.catalog.find(Role, "PUBLIC")
            if public is not None:
                return public
        raise SqlError(
            390189,
            "08001",
            f"Role '{name}' specified in the connect string does not exist or not authorized. "
            "Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.",
        )
    return found


def _namespace(user: User, query: Mapping[str, str]) -> tuple[str | None, str | None]:
    database, schema = _folded(query.get("databaseName")), _folded(query.get("schemaName"))
    if database is None and (default := user.properties.get("DEFAULT_NAMESPACE")):
        parts = str(default).split(".")
        database = _folded(parts[0])
        schema = schema or (_folded(parts[1]) if len(parts) > 1 else None)
    return database, schema or ("PUBLIC" if database else None)


def _existing(account: Account, database: str | None, schema: str | None) -> tuple[str | None, str | None]:
    """What of it there is: a session does not start in a database or schema that does not exist."""
    found = account.catalog.find(Database, database) if database else None
    if found is None:
        return None, None
    if schema != "INFORMATION_SCHEMA" and (not schema or account.catalog.find(Schema, schema, found.id) is None):
        schema = None
    return found.name, schema


def _folded(name: str | None) -> str | None:
    """A name as a connection gives it: folded unless quoted."""
    if not name:
        return None
    return name[1:-1] if name.startswith('"') and name.endswith('"') else name.upper()
