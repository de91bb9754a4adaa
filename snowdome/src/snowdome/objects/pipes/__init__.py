"""Pipes."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.statements import DropObject, SetProperties
from snowdome.objects.pipes import handlers, show, statements

KIND = Kind(
    name="PIPE",
    create=statements.create_pipe,
    alter=statements.alter_pipe,
    drop=statements.drop_pipe,
    created_with=statements.PIPE_OPTIONS,
    altered_with=statements.PIPE_SET,
    handlers={
        statements.CreatePipe: handlers.create,
        SetProperties: handlers.change,
        DropObject: pipelines.drop,
    },
    privileges=("MONITOR", "OPERATE", "APPLYBUDGET"),
    show=show.show,
    describe=show.describe,
)
