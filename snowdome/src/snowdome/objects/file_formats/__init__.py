"""File formats."""

from __future__ import annotations

from snowdome.files import stages
from snowdome.objects.file_formats import show
from snowdome.objects.kind import Kind, data_create, data_statement

KIND = Kind(
    name="FILE FORMAT",
    create=data_create,
    drop=data_statement,
    modifiers=frozenset({"TEMPORARY", "TEMP"}),
    define=lambda account, session, made: stages.create_format(account, session, made.create),
    privileges=("USAGE",),
    show=show.show,
)
