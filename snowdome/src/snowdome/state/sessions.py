"""Sessions on the account: opened, and closed with all that they held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.state import time_zone, transactions
from snowdome.state.session import Session

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.records import Role, User


def open_session(account: Account, user: User, role: Role, **state: Any) -> Session:
    """Return a new session of that user in that role."""
    session = Session(
        id=next(account.session_ids), user=user.id, role=role.id, duck=account.duck.cursor(), autocommit=True
    )
    for name, value in state.items():
        setattr(session, name, value)
    account.sessions[session.id] = session
    time_zone.apply(account, session)
    return session


def end_sessions(account: Account, user: User, *, but: Session) -> None:
    """The user's sessions are over, `but` the one that says so: what they run is cancelled, they ask no more."""
    for session in [one for one in account.sessions.values() if one.user == user.id and one is not but]:
        close_session(account, session)


def close_session(account: Account, session: Session) -> None:
    """What the session held is free: its statement is cancelled, its transaction undone, its tables are gone."""
    account.sessions.pop(session.id, None)
    account.running_queries.cancel_session(session)
    with session.lock:  # what it ran has ended
        transactions.rollback(account, session)
        session.temporary.clear()
        session.duck.close()
        account.results.forget(session)
