"""SHOW VARIABLES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.result import Result
from snowdome.result import listing as listing_of
from snowdome.security import show_format
from snowdome.security.show_format import TEXT
from snowdome.sql.grammar.show import Show

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def show_variables(account: Account, session: Session, statement: Show) -> Result:
    """A row for each of the session's variables."""
    found = show_format.keep(statement, session.variables.items(), lambda item: item[0])
    columns = [("session_id", TEXT), ("name", TEXT), ("value", TEXT), ("type", TEXT), ("comment", TEXT)]
    del account
    return listing_of(columns, [[str(session.id), name, value.strip("'"), "text", ""] for name, value in found])
