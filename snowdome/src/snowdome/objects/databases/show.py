"""SHOW DATABASES, and DESCRIBE DATABASE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Schema
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = "created_on name is_default is_current origin owner comment options retention_time kind owner_role_type"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each database that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, session, one) for one in listing.wanted(account, session, statement, Database)]
    return listing.answer(listing.asked(COLUMNS, statement), rows)


def _cells(account: Account, session: Session, database: Database) -> dict[str, Any]:
    return listing.cells(account, database) | {
        "retention_time": str(retention_days(account, database)),
        "is_default": "N",
        "is_current": show_format.mark(database.name == session.database),
        "origin": "",
        "kind": "STANDARD",
        "options": "TRANSIENT" if database.transient else "",
    }


def describe(account: Account, session: Session, name: Name) -> Result:
    """The schemas of the database that the session may see."""
    found = lookup.find(account, session, "DATABASE", name, "DESCRIBE")
    inside = [one for one in account.catalog.children(found.id, Schema) if access.may_see(account, session, one)]
    return listing.described(inside)
