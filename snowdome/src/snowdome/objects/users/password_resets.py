"""ALTER USER … RESET PASSWORD: a URL that lets its holder set a new password, once, within twelve hours."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from snowdome.errors import invalid
from snowdome.security.passwords import hashed, matches
from snowdome.state.records import User

if TYPE_CHECKING:
    from snowdome.query.account import Account

RESET = "PASSWORD_RESET"
VALID = timedelta(hours=12)
PATH = "snowdome/password"


def offer(account: Account, user: User) -> str:
    """The URL; the password of now stays good until it is used (docs sql-reference/sql/alter-user)."""
    if user.properties.get("TYPE") == "SERVICE":
        raise invalid("RESET PASSWORD is not for users with TYPE=SERVICE.", 3659, "42601")
    token = secrets.token_urlsafe(32)
    waiting = {"hash": hashed(token), "expires": (account.clock.now() + VALID).isoformat()}
    with account.catalog.change() as change:
        change.put(replace(user, properties=user.properties | {RESET: waiting}))
    return f"{account.url}{PATH}?user={user.id}&token={token}"


def accept(account: Account, user_id: int, token: str, password: str) -> bool:
    """Whether the token was good and unused: if so the password is the user's, and the token is spent."""
    with account.catalog.change() as change:
        user = account.catalog.peek(user_id)
        if not isinstance(user, User) or not _good(account, user.properties.get(RESET), token):
            return False
        kept = {name: value for name, value in user.properties.items() if name not in (RESET, "MUST_CHANGE_PASSWORD")}
        change.put(replace(user, password_hash=hashed(password), properties=kept, altered_on=account.clock.now()))
    return True


def _good(account: Account, waiting: Any, token: str) -> bool:
    if not isinstance(waiting, dict) or datetime.fromisoformat(waiting["expires"]) <= account.clock.now():
        return False
    return matches(token, waiting["hash"])
