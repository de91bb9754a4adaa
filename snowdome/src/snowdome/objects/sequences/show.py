"""SHOW SEQUENCES, and DESCRIBE SEQUENCE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Sequence

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = "name database_name schema_name next_value interval created_on owner comment owner_role_type ordered"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each sequence that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, one) for one in listing.inside(account, session, statement, Sequence)]
    return listing.answer(COLUMNS, rows)


def describe(account: Account, session: Session, name: Name) -> Result:
    """The row of SHOW SEQUENCES for that one."""
    found = lookup.find(account, session, "SEQUENCE", name, "DESCRIBE")
    return listing.answer(COLUMNS, [_cells(account, found)] if isinstance(found, Sequence) else [])


def _cells(account: Account, sequence: Sequence) -> dict[str, Any]:
    return listing.cells_inside(account, sequence) | {
        "next_value": account.duck.next_value(sequence.physical, sequence.start, sequence.increment),
        "interval": sequence.increment,
        "ordered": show_format.mark(sequence.ordered),
    }
