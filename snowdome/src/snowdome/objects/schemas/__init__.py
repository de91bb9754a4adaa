"""Schemas."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.schemas import handlers, show, statements
from snowdome.objects.schemas.privileges import PRIVILEGES

KIND = Kind(
    name="SCHEMA",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    undrop=statements.undrop,
    modifiers=frozenset({"TRANSIENT"}),
    created_with=statements.OPTIONS,
    altered_with=statements.OPTIONS,
    handlers=handlers.HANDLERS,
    privileges=PRIVILEGES,
    show=show.show,
    describe=show.describe,
)
