"""SHOW PRIMARY KEYS, UNIQUE KEYS and IMPORTED KEYS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.result import Result
from snowdome.security import access, resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

KEY = "created_on database_name schema_name table_name column_name key_sequence constraint_name rely comment"
FOREIGN = (
    "created_on pk_database_name pk_schema_name pk_table_name pk_column_name fk_database_name fk_schema_name "
    "fk_table_name fk_column_name key_sequence update_rule delete_rule fk_name pk_name deferrability rely comment"
)
KEYS: dict[str, tuple[str, str]] = {
    "PRIMARY KEY": ("PRIMARY KEY", KEY),
    "UNIQUE KEY": ("UNIQUE", KEY),
    "IMPORTED KEY": ("FOREIGN KEY", FOREIGN),
}


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each column of each declared key."""
    kind, names = KEYS[statement.kind]
    with account.catalog.lock:
        rows = [row for table in tables_in(account, session, statement) for row in _key_rows(account, table, kind)]
    return listing.answer(names, rows)


def tables_in(account: Account, session: Session, statement: Show) -> list[Table]:
    """The tables in the scope of the statement that the session may see."""
    name = statement.scope_name
    if statement.scope == "TABLE" and name is not None:
        found = resolve.relation(account, Context.of(session), (name.database, name.schema, name.last), "SHOW")
        return [found] if isinstance(found, Table) else []
    return [
        t
        for parent in listing.parents(account, session, statement)
        for t in account.catalog.children(parent, Table)
        if access.may_see(account, session, t)
    ]


def _key_rows(account: Account, table: Table, kind: str) -> list[dict[str, Any]]:
    schema = account.catalog.get(Schema, table.parent)
    database = account.catalog.get(Database, schema.parent)
    rows: list[dict[str, Any]] = []
    for number, key in enumerate(table.keys):
        if key.kind != kind:
            continue
        for position, column in enumerate(key.columns):
            row: dict[str, Any] = {
                "created_on": table.created_on,
                "key_sequence": position + 1,
                "constraint_name": key.name or f"SYS_CONSTRAINT_{table.id}_{number}",
                "rely": "false",
                "comment": None,
            }
            place = {"database_name": database.name, "schema_name": schema.name, "table_name": table.name}
            if kind == "FOREIGN KEY":
                target = [part.strip('"') for part in key.refers_to.split(".")]
                full = [database.name, schema.name][: 3 - len(target)] + target
                referred = key.referred[position] if position < len(key.referred) else None
                row |= {f"fk_{n}": v for n, v in place.items()} | {
                    "fk_column_name": column,
                    "fk_name": row["constraint_name"],
                }
                row |= dict(zip(("pk_database_name", "pk_schema_name", "pk_table_name"), full, strict=True))
                row |= {"pk_column_name": referred, "update_rule": "NO ACTION", "delete_rule": "NO ACTION"}
                row["deferrability"] = "NOT DEFERRABLE"
            else:
                row |= place | {"column_name": column}
            rows.append(row)
    return rows
