"""Stages."""

from __future__ import annotations

from snowdome.files import stages
from snowdome.objects.kind import Kind, data_create, data_statement
from snowdome.objects.stages import show

KIND = Kind(
    name="STAGE",
    create=data_create,
    drop=data_statement,
    modifiers=frozenset({"TEMPORARY", "TEMP"}),
    define=lambda account, session, made: stages.create(account, session, made.create),
    privileges=("READ", "USAGE", "WRITE"),
    show=show.show,
)
