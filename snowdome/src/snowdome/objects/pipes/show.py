"""SHOW PIPES, and DESCRIBE PIPE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.result import Result
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.pipelines import Pipe

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = (
    "created_on name database_name schema_name definition owner notification_channel comment integration pattern "
    "error_integration owner_role_type invalid_reason kind"
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each pipe that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, one) for one in listing.inside(account, session, statement, Pipe)]
    return listing.answer(listing.TERSE if statement.terse else COLUMNS, rows)


def describe(account: Account, session: Session, name: Name) -> Result:
    """The row of SHOW for that pipe."""
    with account.catalog.lock:
        found = pipelines.find(account, session, Pipe, name, "DESCRIBE")
        return listing.answer(COLUMNS, [_cells(account, found)])


def _cells(account: Account, pipe: Pipe) -> dict[str, Any]:
    return listing.cells_inside(account, pipe) | {"definition": pipe.definition, "kind": "STAGE"}
