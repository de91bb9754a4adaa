"""Sequences."""

from __future__ import annotations

from snowdome.objects.kind import Kind, data_create, data_statement
from snowdome.objects.sequences import handlers, show

KIND = Kind(
    name="SEQUENCE",
    create=data_create,
    drop=data_statement,
    modifiers=frozenset({"TEMPORARY", "TEMP"}),
    define=lambda account, session, made: handlers.create(account, session, made.create),
    privileges=("USAGE",),
    show=show.show,
    describe=show.describe,
)
