"""Hybrid tables."""

from __future__ import annotations

from snowdome.objects.hybrid_tables import handlers, show, statements
from snowdome.objects.kind import Kind
from snowdome.objects.tables.privileges import PRIVILEGES

KIND = Kind(
    name="HYBRID TABLE",
    create=statements.create,
    handlers={statements.CreateHybridTable: handlers.create},
    privileges=PRIVILEGES,
    show=show.show,
    also_shown={"INDEX": show.show_indexes},
    has_comment=False,
)
