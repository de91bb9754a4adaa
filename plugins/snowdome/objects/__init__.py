"""Account statements carried out: each kind of statement has one function that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snowdome.errors import unsupported
from snowdome.grammar.show import Show
from snowdome.objects import databases, relations, schemas, sessions, show

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.grammar import Statement
    from snowdome.result import Result
    from snowdome.session import Session

Handler = Callable[["Account", "Session", Any], "Result"]

HANDLERS: dict[type, Handler] = {
    **databases.HANDLERS,
    **schemas.HANDLERS,
    **relations.HANDLERS,
    **sessions.HANDLERS,
}


def run(account: Account, session: Session, statement: Statement) -> Result:
    """The statement has been carried out."""
    if isinstance(statement, Show) and (statement.kind in show.FULL or statement.kind == "COLUMN"):
        return show.show(account, session, statement)
    handler = HANDLERS.get(type(statement))
    if handler is None:
        raise unsupported(type(statement).__name__)
    return handler(account, session, statement)
