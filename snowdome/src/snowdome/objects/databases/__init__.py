"""Databases."""

from __future__ import annotations

from snowdome.objects.databases import handlers, show, statements
from snowdome.objects.kind import Kind

KIND = Kind(
    name="DATABASE",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    undrop=statements.undrop,
    modifiers=frozenset({"TRANSIENT"}),
    created_with=statements.OPTIONS,
    altered_with=statements.OPTIONS,
    handlers=handlers.HANDLERS,
    privileges=(
        "APPLYBUDGET",
        "CREATE DATABASE ROLE",
        "CREATE SCHEMA",
        "IMPORTED PRIVILEGES",
        "MANAGE GRANTS",
        "MODIFY",
        "MONITOR",
        "REFERENCE_USAGE",
        "USAGE",
    ),
    show=show.show,
    describe=show.describe,
)
