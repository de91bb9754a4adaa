"""Tables."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.policy_assignments.statements import MaskColumns
from snowdome.objects.tables import clone, create, handlers, keys, show, statements
from snowdome.objects.tables.privileges import PRIVILEGES

KIND = Kind(
    name="TABLE",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    undrop=statements.undrop,
    modifiers=frozenset({"TRANSIENT", "TEMPORARY", "TEMP", "VOLATILE", "LOCAL", "GLOBAL"}),
    altered_with=statements.OPTIONS,
    handlers={
        statements.CloneTable: clone.clone,
        statements.RenameTable: handlers.rename,
        statements.SwapTable: handlers.swap,
        statements.SetTable: handlers.set_properties,
        statements.UnsetTable: handlers.unset_properties,
        statements.ClusterTable: handlers.cluster,
        statements.Recluster: handlers.recluster,
        statements.DropTable: handlers.drop,
        statements.UndropTable: handlers.undrop,
        MaskColumns: policy_assignments.mask_columns,
    },
    define=lambda account, session, made: create.create(account, session, made.create, made.parameters),
    privileges=PRIVILEGES,
    show=show.show,
    also_shown={
        "OBJECT": show.show_objects,
        "COLUMN": show.show_columns,
        **dict.fromkeys(keys.KEYS, keys.show),
    },
)
