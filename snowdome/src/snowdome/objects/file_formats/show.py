"""SHOW FILE FORMATS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.sql.grammar.show import Show
from snowdome.state.records import FileFormat

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = "created_on name database_name schema_name type owner comment format_options owner_role_type"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each file format that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, one) for one in listing.inside(account, session, statement, FileFormat)]
    return listing.answer(COLUMNS, rows)


def _cells(account: Account, file_format: FileFormat) -> dict[str, Any]:
    options = {"type": file_format.type, "format_options": json.dumps(file_format.options)}
    return listing.cells_inside(account, file_format) | options
