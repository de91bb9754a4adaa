"""Views."""

from __future__ import annotations

from snowdome.objects.kind import Kind, data_create
from snowdome.objects.tables import handlers as tables
from snowdome.objects.tables.statements import DropTable, RenameTable, SetTable, UnsetTable
from snowdome.objects.views import create, handlers, show, statements

KIND = Kind(
    name="VIEW",
    create=data_create,
    alter=statements.alter_view,
    drop=statements.drop_view,
    modifiers=frozenset({"TEMPORARY", "TEMP", "VOLATILE", "LOCAL", "GLOBAL", "SECURE", "RECURSIVE"}),
    altered_with=statements.VIEW_OPTIONS,
    handlers={
        statements.SecureView: handlers.secure,
        RenameTable: tables.rename,
        SetTable: tables.set_properties,
        UnsetTable: tables.unset_properties,
        DropTable: tables.drop,
    },
    define=lambda account, session, made: create.create(account, session, made.create, made.text),
    privileges=("SELECT", "REFERENCES", "INSERT", "UPDATE", "DELETE", "TRUNCATE"),
    show=show.show,
)
