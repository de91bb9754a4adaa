"""Resource monitors."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.resource_monitors import handlers, show, statements

KIND = Kind(
    name="RESOURCE MONITOR",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    created_with=statements.OPTIONS,
    altered_with=statements.OPTIONS,
    handlers=handlers.HANDLERS,
    privileges=("MODIFY", "MONITOR"),
    show=show.show,
    has_terse=False,
    has_history=False,
    has_comment=False,
)
