"""SHOW INDEXES: the index behind the primary key of each hybrid table; other tables have none.

https://docs.snowflake.com/en/sql-reference/sql/show-indexes names it SYS_INDEX_<table>_PRIMARY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import show_inside
from snowdome.result import Result, listing
from snowdome.security import show_format
from snowdome.security.show_format import TEXT, TIME
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

FULL = (
    "created_on name kind is_unique columns included_columns status table database_name schema_name owner "
    "owner_role_type status_info"
)
TERSE = "created_on name kind database_name schema_name"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each index that the session may see."""
    with account.catalog.lock:
        tables = [t for t in show_inside.tables_in(account, session, statement) if t.hybrid]
        rows = [_cells(account, table) for table in show_format.keep(statement, tables, _name)]
    names = (TERSE if statement.terse else FULL).split()
    columns = [(name, TIME if name == "created_on" else TEXT) for name in names]
    return listing(columns, [[row.get(name) for name in names] for row in rows])


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
