"""Account roles and database roles."""

from __future__ import annotations

from functools import partial

from snowdome.objects.kind import Kind
from snowdome.objects.listing import describe_itself
from snowdome.objects.roles import handlers, show, statements

ROLE = Kind(
    name="ROLE",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    created_with=statements.OPTIONS,
    altered_with=statements.OPTIONS,
    handlers=handlers.HANDLERS,
    privileges=("USAGE",),
    show=show.show,
    has_history=False,
    describe=partial(describe_itself, kind="ROLE"),
)
DATABASE_ROLE = Kind(
    name="DATABASE ROLE",
    create=statements.create_database_role,
    alter=statements.alter_database_role,
    drop=statements.drop_database_role,
    handlers=handlers.HANDLERS,
    privileges=("USAGE",),
    show=show.show_database_roles,
    has_history=False,
    describe=partial(describe_itself, kind="DATABASE ROLE"),
)
