"""SHOW HYBRID TABLES, and SHOW INDEXES: the index behind the primary key of each hybrid table; other tables have none.

https://docs.snowflake.com/en/sql-reference/sql/show-indexes names it SYS_INDEX_<table>_PRIMARY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.objects.tables import keys
from snowdome.objects.tables import show as tables
from snowdome.result import Result
from snowdome.security import show_format
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = "created_on name database_name schema_name owner rows bytes comment owner_role_type"
INDEX = (
    "created_on name kind is_unique columns included_columns status table database_name schema_name owner "
    "owner_role_type status_info"
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each hybrid table that the session may see."""
    with account.catalog.lock:
        found = [one for one in listing.wanted(account, session, statement, Table) if one.hybrid]
        rows = tables.cells(account, session, statement, found)
    return listing.answer(listing.asked(COLUMNS, statement), rows)


def show_indexes(account: Account, session: Session, statement: Show) -> Result:
    """A row for each index that the session may see."""
    with account.catalog.lock:
        tables = [t for t in keys.tables_in(account, session, statement) if t.hybrid]
        rows = [_cells(account, table) for table in show_format.keep(statement, tables, _name)]
    return listing.answer(listing.TERSE if statement.terse else INDEX, rows)


def _name(table: Table) -> str:
    return f"SYS_INDEX_{table.name}_PRIMARY"


def _cells(account: Account, table: Table) -> dict[str, Any]:
    schema = account.catalog.get(Schema, table.parent)
    key = next(key for key in table.keys if key.kind == "PRIMARY KEY")
    return {
        "created_on": table.created_on,
        "name": _name(table),
        "kind": "KEY_VALUE_INDEX",
        "is_unique": "Y",
        "columns": f"[{', '.join(key.columns)}]",
        "included_columns": "[]",
        "status": "ACTIVE",
        "table": table.name,
        "database_name": account.catalog.get(Database, schema.parent).name,
        "schema_name": schema.name,
        "owner": show_format.role_name(account, table.owner),
        "owner_role_type": show_format.role_type(account, table.owner),
    }
