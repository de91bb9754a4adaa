"""SHOW STAGES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Stage

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = (
    "created_on name database_name schema_name url has_credentials has_encryption_key owner comment region type "
    "cloud notification_channel storage_integration endpoint owner_role_type directory_enabled"
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each stage that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, one) for one in listing.inside(account, session, statement, Stage)]
    return listing.answer(COLUMNS, rows)


def _cells(account: Account, stage: Stage) -> dict[str, Any]:
    return listing.cells_inside(account, stage) | {
        "url": "",
        "has_credentials": "N",
        "has_encryption_key": "N",
        "type": "INTERNAL TEMPORARY" if stage.temporary else "INTERNAL",
        "directory_enabled": "N",
    }
