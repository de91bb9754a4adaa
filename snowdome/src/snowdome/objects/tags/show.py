"""SHOW TAGS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.errors import SqlError
from snowdome.result import Result, listing
from snowdome.security import access, lookup, show_format
from snowdome.security.resolve import Context
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Record, Schema, Tag

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each tag that the session may see."""
    columns = tuple(
        (name, show_format.TIME if name == "created_on" else show_format.TEXT)
        for name in (
            "created_on", "name", "database_name", "schema_name", "owner", "comment", "allowed_values",
            "owner_role_type", "propagate", "on_conflict",
        )
    )  # fmt: skip
    rows = []
    for tag in show_format.keep(statement, _in_scope(account, session, statement), lambda tag: tag.name):
        schema = account.catalog.get(Schema, tag.parent)
        database = account.catalog.get(Database, schema.parent)
        allowed = "[" + ",".join(f'"{value}"' for value in tag.allowed) + "]" if tag.allowed else None
        rows.append((
            tag.created_on, tag.name, database.name, schema.name, show_format.role_name(account, tag.owner),
            tag.comment, allowed, show_format.role_type(account, tag.owner), tag.propagate, tag.on_conflict,
        ))  # fmt: skip
    return listing(columns, rows)


def _in_scope(account: Account, session: Session, statement: Show) -> list[Tag]:
    visible = [
        tag
        for tag in account.catalog.all(Tag)
        if account.catalog.is_live(tag) and access.may_see(account, session, tag)
    ]
    scope, name = statement.scope, statement.scope_name
    if scope is None:
        scope = "SCHEMA" if session.schema else "DATABASE" if session.database else "ACCOUNT"
    if scope == "ACCOUNT":
        return visible
    context = Context.of(session)
    if scope == "DATABASE":
        wanted: Record = lookup.find(account, session, "DATABASE", name or Name((context.database or "",)), "SHOW TAGS")
    elif scope == "SCHEMA":
        wanted = lookup.find(account, session, "SCHEMA", name or Name((context.schema or "",)), "SHOW TAGS")
    else:
        raise SqlError(1003, "42000", f"SQL compilation error:\nSHOW TAGS IN {scope} is not a statement.")
    return [tag for tag in visible if wanted.id in {above.id for above in access.parents(account, tag)}]
