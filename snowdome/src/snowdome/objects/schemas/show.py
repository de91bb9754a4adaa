"""SHOW SCHEMAS, and DESCRIBE SCHEMA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Schema, Table, View
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = "created_on name is_default is_current database_name owner comment options retention_time owner_role_type"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each schema that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, session, one) for one in listing.wanted(account, session, statement, Schema)]
    return listing.answer(listing.asked(COLUMNS, statement), rows)


def _cells(account: Account, session: Session, schema: Schema) -> dict[str, Any]:
    cells = listing.cells(account, schema) | {"retention_time": str(retention_days(account, schema))}
    parent = account.catalog.peek(schema.parent)
    if parent is None:
        return cells
    options = [word for word, on in (("TRANSIENT", schema.transient), ("MANAGED ACCESS", schema.managed)) if on]
    return cells | {
        "is_default": "N",
        "is_current": show_format.mark(parent.name == session.database and schema.name == session.schema),
        "options": ", ".join(options),
        "database_name": parent.name,
        "kind": None,
        "schema_name": None,
    }


def describe(account: Account, session: Session, name: Name) -> Result:
    """The tables and views of the schema that the session may see."""
    found = lookup.find(account, session, "SCHEMA", name, "DESCRIBE")
    inside = account.catalog.children(found.id, Table, View)
    return listing.described([one for one in inside if access.may_see(account, session, one)])
