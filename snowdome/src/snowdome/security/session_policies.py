"""Session policies in effect: how long a session lasts by the account's clock, and which secondary roles it may use.

User-guide/session-policies: a user's policy overrides the account's, changes count at once, blocked roles come before
allowed ones and take along what is granted to them. An idle session whose client keeps it alive does not end by
idleness. Without a session policy sessions here do not end: Snowflake would end them after four idle hours, which on a
driven clock would be at every step.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from snowdome.state.records import ACCOUNT_ID, Role, SessionPolicy, User
from snowdome.state.records import Account as AccountRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from snowdome.state.account import Account
    from snowdome.state.session import Session

    Closure = Callable[[Account, frozenset[int]], frozenset[int]]

KIND = "SESSION POLICY"
ALL = "ALL"
DEFAULTS = {
    "SESSION_IDLE_TIMEOUT_MINS": 240,
    "SESSION_UI_IDLE_TIMEOUT_MINS": 1080,
    "SESSION_MAX_LIFESPAN_MINS": 0,
    "SESSION_UI_MAX_LIFESPAN_MINS": 0,
    "ALLOWED_SECONDARY_ROLES": (ALL,),
    "BLOCKED_SECONDARY_ROLES": (),
}


def governing(account: Account, user_id: int) -> SessionPolicy | None:
    """The session policy that counts for the user: its own, else the account's."""
    if not account.catalog.knows(SessionPolicy):
        return None
    user = account.catalog.peek(user_id)
    for record in (user, account.catalog.get(AccountRecord, ACCOUNT_ID)):
        if isinstance(record, (User, AccountRecord)):
            found = account.catalog.peek(record.policies.get(KIND, -1))
            if isinstance(found, SessionPolicy):
                return found
    return None


def setting(policy: SessionPolicy, name: str) -> object:
    """The property's value, or its default."""
    return policy.settings.get(name, DEFAULTS[name])


def over(account: Account, session: Session) -> bool:
    """Whether the session has been idle, or has lasted, for longer than its policy lets it."""
    policy = governing(account, session.user)
    if policy is None or session.opened_on is None:
        return False
    now = account.clock.now()
    longest = int(str(setting(policy, "SESSION_MAX_LIFESPAN_MINS")))
    if longest and now - session.opened_on >= timedelta(minutes=longest):
        return True
    if session.parameters.get("CLIENT_SESSION_KEEP_ALIVE") is True:
        return False
    idle = timedelta(minutes=int(str(setting(policy, "SESSION_IDLE_TIMEOUT_MINS"))))
    return now - (session.last_used or session.opened_on) >= idle


def kept(account: Account, policy: SessionPolicy, roles: Iterable[Role], closure: Closure) -> list[Role]:
    """Those of the roles that may count beside a session's primary one."""
    allowed, blocked = (_names(policy, name) for name in ("ALLOWED_SECONDARY_ROLES", "BLOCKED_SECONDARY_ROLES"))
    if ALL in blocked:
        return []
    named = frozenset(role.id for role in account.catalog.children(ACCOUNT_ID, Role) if role.name in blocked)
    shut = closure(account, named) if named else named
    return [role for role in roles if (ALL in allowed or role.name in allowed) and role.id not in shut]


def _names(policy: SessionPolicy, name: str) -> tuple[str, ...]:
    found = setting(policy, name)
    return tuple(str(one) for one in found) if isinstance(found, (tuple, list)) else ()
