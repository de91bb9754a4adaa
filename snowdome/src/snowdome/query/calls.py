"""CALL SYSTEM$WAIT: a statement that lasts, by the account's clock, and keeps its warehouse busy meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.result import Result
from snowdome.sql.grammar.calls import WAIT, CallWait

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def wait(account: Account, session: Session, statement: CallWait) -> Result:
    """The time has passed (functions/system_wait); it runs on the session's warehouse, as every CALL does."""
    session.running[-1].delay += statement.seconds
    with account.compute.use(session):
        return Result(columns=((WAIT, "VARCHAR"),), rows=((waited(statement),),))


def waited(statement: CallWait) -> str:
    """What the function answers."""
    return f"waited {statement.amount} {statement.unit.lower()}"


HANDLERS: dict[type, Any] = {CallWait: wait}
