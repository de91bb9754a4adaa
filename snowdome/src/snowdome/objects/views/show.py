"""SHOW VIEWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.objects import listing
from snowdome.objects.tables import show as tables
from snowdome.result import Result
from snowdome.sql.grammar.show import Show
from snowdome.state.records import View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


COLUMNS = (
    "created_on name reserved database_name schema_name owner comment text is_secure is_materialized owner_role_type "
    "change_tracking"
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each view that the session may see."""
    with account.catalog.lock:
        rows = tables.cells(account, session, statement, listing.wanted(account, session, statement, View))
    return listing.answer(listing.asked(COLUMNS, statement), rows)
