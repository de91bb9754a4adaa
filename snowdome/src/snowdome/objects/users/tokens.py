"""Programmatic access tokens of users: added, removed, shown, and matched at log-in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import invalid
from snowdome.objects.kind import Handler
from snowdome.objects.users import statements as grammar
from snowdome.objects.users.statements import ShowTokens
from snowdome.result import Result, listing, status
from snowdome.security import access, lookup, network_policies, show_format
from snowdome.security.passwords import hashed, matches
from snowdome.state.records import User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

AUTHENTICATION = "MODIFY PROGRAMMATIC AUTHENTICATION METHODS"
"""The privilege on a user that is enough to change its tokens and keys (docs user-guide/key-pair-auth)."""
TOKENS = "TOKENS"
DEFAULT_DAYS = 15
MOST = 15


def _user(account: Account, session: Session, name: str | None) -> User:
    """The user whose tokens are meant: oneself, or one that the session owns."""
    user = account.catalog.get(User, session.user) if name is None else lookup.user(account, name)
    if user.id != session.user and not access.has(account, session, AUTHENTICATION, user):
        lookup.own(account, session, user)
    return user


def of(user: User) -> dict[str, dict[str, Any]]:
    """The user's tokens by name."""
    found: dict[str, dict[str, Any]] = user.properties.get(TOKENS, {})
    return found


def add(account: Account, session: Session, statement: grammar.AddToken) -> Result:
    """The user has a token more; its secret is in the answer, once."""
    user, given = _user(account, session, statement.name), dict(statement.settings)
    if statement.token in of(user):
        raise errors.already_exists(statement.token)
    if len(of(user)) >= MOST:
        raise invalid(f"a user has at most {MOST} programmatic access tokens")
    role = str(given["ROLE_RESTRICTION"]).upper() if "ROLE_RESTRICTION" in given else None
    if role is None and user.properties.get("TYPE") == "SERVICE":
        raise invalid("a programmatic access token of a SERVICE user needs ROLE_RESTRICTION")
    if user.properties.get("TYPE") in ("SERVICE", "LEGACY_SERVICE"):
        network_policies.require(account, user)
    if role is not None and not access.may_assume(account, user, lookup.role(account, role)):
        raise invalid(f"role '{role}' is not granted to user '{user.name}'")
    secret = secrets.token_urlsafe(48)
    now = account.clock.now()
    token = {
        "hash": hashed(secret),
        "expires": (now + timedelta(days=int(str(given.get("DAYS_TO_EXPIRY", DEFAULT_DAYS))))).isoformat(),
        "created": now.isoformat(),
        "role": role,
        "comment": given.get("COMMENT", ""),
    }
    _put(account, user, of(user) | {statement.token: token})
    return listing((("token_name", show_format.TEXT), ("token_secret", show_format.TEXT)), [(statement.token, secret)])


def remove(account: Account, session: Session, statement: grammar.RemoveToken) -> Result:
    """The token is dead."""
    user = _user(account, session, statement.name)
    if statement.token not in of(user):
        raise errors.not_found("Programmatic access token", statement.token)
    _put(account, user, {name: token for name, token in of(user).items() if name != statement.token})
    return status(f"Programmatic access token {statement.token} successfully removed.")


def _put(account: Account, user: User, tokens: dict[str, dict[str, Any]]) -> None:
    with account.catalog.change() as change:
        change.put(replace(user, properties=user.properties | {TOKENS: tokens}, altered_on=account.clock.now()))


def matching(account: Account, user: User, secret: str) -> dict[str, Any] | None:
    """The living token of the user that has this secret."""
    now = account.clock.now()
    for token in of(user).values():
        if datetime.fromisoformat(token["expires"]) > now and matches(secret, token["hash"]):
            return token
    return None


def show(account: Account, session: Session, statement: ShowTokens) -> Result:
    """SHOW USER PROGRAMMATIC ACCESS TOKENS."""
    user = _user(account, session, statement.user)
    names = ("name", "user_name", "role_restriction", "expires_at", "status", "comment", "created_on")
    columns = tuple(
        (name, show_format.TIME if name in ("expires_at", "created_on") else show_format.TEXT) for name in names
    )
    now = account.clock.now()
    rows = []
    for name, token in sorted(of(user).items()):
        expires, created = datetime.fromisoformat(token["expires"]), datetime.fromisoformat(token["created"])
        state = "ACTIVE" if expires > now else "EXPIRED"
        rows.append((name, user.name, token["role"], expires, state, token["comment"], created))
    return listing(columns, rows)


HANDLERS: Mapping[type, Handler] = {grammar.AddToken: add, grammar.RemoveToken: remove, ShowTokens: show}
