"""How long a statement may last, be queued or wait for a lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snowdome.sql.grammar.parameters import (
    ACCOUNT_ONLY,
    OBJECT_PARAMETERS,
    SESSION_PARAMETERS,
    WAREHOUSE_PARAMETERS,
)
from snowdome.state.records import ACCOUNT_ID, User
from snowdome.state.records import Account as AccountRecord
from snowdome.state.running_queries import after

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.records import Warehouse
    from snowdome.state.running_queries import Running
    from snowdome.state.session import Session

TIMEOUT, QUEUED_TIMEOUT = "STATEMENT_TIMEOUT_IN_SECONDS", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"
LOCK_TIMEOUT = "LOCK_TIMEOUT"
LONGEST = 604_800
DEFAULTS: Mapping[str, Any] = {
    name: parameter.default
    for known in (OBJECT_PARAMETERS, ACCOUNT_ONLY, WAREHOUSE_PARAMETERS, SESSION_PARAMETERS)
    for name, parameter in known.items()
}


def of_account(account: Account, name: str) -> Any:
    """The parameter's value for the account."""
    record = account.catalog.peek(ACCOUNT_ID)
    value = record.parameters.get(name) if isinstance(record, AccountRecord) else None
    return value if value is not None else DEFAULTS[name]


def of_session(account: Account, session: Session, name: str) -> Any:
    """The parameter's value for the session: its own, else the user's, else the account's."""
    value = session.parameters.get(name)
    if value is None:
        user = account.catalog.peek(session.user)
        if isinstance(user, User):
            value = user.properties.get(name)
            value = user.parameters.get(name) if value is None else value
    return value if value is not None else of_account(account, name)


def lowest(one: float | None, other: float | None) -> int:
    """The lower of two limits, of which 0 and None mean none; 0 where neither limits."""
    return int(min((value for value in (one, other) if value), default=0))


def limit(account: Account, running: Running) -> None:
    """The statement ends when its session's STATEMENT_TIMEOUT_IN_SECONDS is over; 0 is the longest there is."""
    seconds = lowest(of_session(account, running.session, TIMEOUT), None) or LONGEST
    running.limit, running.deadline = seconds, after(running.started, seconds)


def limit_on(account: Account, running: Running, warehouse: Warehouse) -> None:
    """On a warehouse with a limit of its own, the lower of both holds, also for the time in the queue.

    The time counts from the statement's beginning: queued and blocked time is part of it (sql-reference/parameters).
    """
    own = warehouse.settings.get(TIMEOUT)
    if own and own < running.limit:
        running.limit, running.deadline = int(own), after(running.started, own)
        account.running_queries.sooner(running.deadline)


def limit_queued(account: Account, running: Running, warehouse: Warehouse) -> None:
    """The statement stays in the warehouse's queue no longer than STATEMENT_QUEUED_TIMEOUT_IN_SECONDS."""
    seconds = lowest(of_session(account, running.session, QUEUED_TIMEOUT), warehouse.settings.get(QUEUED_TIMEOUT))
    if seconds:
        running.queue_limit, running.queued_until = seconds, after(account.clock.now(), seconds)
