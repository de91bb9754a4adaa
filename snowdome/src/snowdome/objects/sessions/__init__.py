"""Sessions: USE and ALTER SESSION."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.sessions import handlers, show, statements
from snowdome.sql.grammar.parameters import SESSION_OPTIONS

KIND = Kind(
    name="SESSION",
    alter=statements.alter_session,
    altered_with=SESSION_OPTIONS,
    handlers=handlers.HANDLERS,
    also_shown={"VARIABLE": show.show_variables},
    has_comment=False,
)
