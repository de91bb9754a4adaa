"""Streams."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.statements import CloneObject, DropObject, SetProperties
from snowdome.objects.streams import handlers, show, statements

KIND = Kind(
    name="STREAM",
    create=statements.create_stream,
    alter=statements.alter_stream,
    drop=statements.drop_stream,
    created_with=statements.STREAM_OPTIONS,
    altered_with=statements.STREAM_OPTIONS,
    handlers={
        statements.CreateStream: handlers.create,
        CloneObject: handlers.clone,
        SetProperties: handlers.change,
        DropObject: pipelines.drop,
    },
    privileges=("SELECT",),
    show=show.show,
    describe=show.describe,
)
