"""Dynamic tables."""

from __future__ import annotations

from snowdome.objects.dynamic_tables import handlers, refreshes, show, statements
from snowdome.objects.kind import Kind
from snowdome.objects.pipelines.statements import CloneObject, ResumeOrSuspend, SetProperties
from snowdome.objects.tables import describe
from snowdome.objects.tables import handlers as tables
from snowdome.objects.tables.statements import DropTable, RenameTable, SwapTable, UndropTable

KIND = Kind(
    name="DYNAMIC TABLE",
    create=statements.create_dynamic_table,
    alter=statements.alter_dynamic_table,
    drop=statements.drop_dynamic_table,
    undrop=statements.undrop_dynamic_table,
    modifiers=frozenset({"TRANSIENT"}),
    created_with=statements.DYNAMIC_OPTIONS,
    altered_with=statements.DYNAMIC_SET,
    handlers={
        statements.CreateDynamicTable: handlers.create,
        statements.RefreshDynamicTable: handlers.refresh,
        CloneObject: handlers.clone,
        SetProperties: handlers.change,
        ResumeOrSuspend: handlers.resume_or_suspend,
        RenameTable: tables.rename,
        SwapTable: tables.swap,
        DropTable: tables.drop,
        UndropTable: tables.undrop,
    },
    privileges=("SELECT", "MONITOR", "OPERATE"),
    show=show.show,
    describe=describe.of_name,
    restore=refreshes.restore,
)
