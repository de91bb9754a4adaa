"""SNOWFLAKE's usage schemas in the catalog, so that they are found, shown and granted like any others.

Who may read which view: sql-reference/snowflake-db-roles. IMPORTED PRIVILEGES on the database opens all of them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.state.records import Column, Database, DatabaseRole, Grant, Schema, View
from snowdome.usage.columns import ACCOUNT_USAGE, ORGANIZATION_USAGE, SHAPES, TYPES, Shape

if TYPE_CHECKING:
    from snowdome.state.catalog import Catalog, Change

SNOWFLAKE = "SNOWFLAKE"
_COMMENTS = {
    ACCOUNT_USAGE: "Views that display object metadata and usage metrics for the account",
    ORGANIZATION_USAGE: "Views that display usage of the organization's accounts",
}


def create(catalog: Catalog, now: datetime) -> None:
    """SNOWFLAKE has its usage schemas with their views; those that it has already stay as they are."""
    database = catalog.find(Database, SNOWFLAKE)
    if database is None or catalog.find(Schema, ACCOUNT_USAGE, database.id) is not None:
        return
    with catalog.change() as change:
        roles = {role.name: role.id for role in catalog.children(database.id, DatabaseRole)}
        used = [Grant(privilege="USAGE", to=role, on=now) for role in roles.values()]
        change.put(replace(database, grants=(*database.grants, *used)))
        for name, comment in _COMMENTS.items():
            shapes = [shape for shape in SHAPES if shape.schema == name]
            readers = {role for shape in shapes for role in shape.roles}
            schema = change.put(
                Schema(
                    id=change.new_id(),
                    name=name,
                    parent=database.id,
                    comment=comment,
                    created_on=now,
                    grants=tuple(Grant(privilege="USAGE", to=roles[role], on=now) for role in sorted(readers)),
                )
            )
            for shape in shapes:
                _lay_view(change, schema, shape, roles, now)


def _lay_view(change: Change, schema: Schema, shape: Shape, roles: dict[str, int], now: datetime) -> None:
    change.put(
        View(
            id=change.new_id(),
            name=shape.name,
            parent=schema.id,
            created_on=now,
            text="",
            query="",
            secure=True,
            columns=tuple(Column(name=name, type=TYPES[kind]) for name, kind in shape.columns.items()),
            grants=tuple(Grant(privilege="SELECT", to=roles[role], on=now) for role in shape.roles),
        )
    )


def is_usage(catalog: Catalog, view: View) -> str | None:
    """The usage schema that the view is one of; None for any other view."""
    if view.owner is not None or view.query:
        return None
    schema = catalog.peek(view.parent)
    return schema.name if isinstance(schema, Schema) and schema.owner is None else None
