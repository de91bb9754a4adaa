"""Tasks."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.statements import CloneObject, DropObject, ResumeOrSuspend, SetProperties
from snowdome.objects.tasks import handlers, runs, show, statements

KIND = Kind(
    name="TASK",
    create=statements.create_task,
    alter=statements.alter_task,
    drop=statements.drop_task,
    execute=statements.execute_task,
    created_with=statements.TASK_OPTIONS,
    altered_with=statements.TASK_OPTIONS,
    handlers={
        statements.CreateTask: handlers.create,
        statements.ModifyTask: handlers.change,
        statements.TaskAfter: handlers.change,
        statements.ExecuteTask: handlers.execute,
        CloneObject: handlers.clone,
        SetProperties: handlers.change,
        ResumeOrSuspend: handlers.resume_or_suspend,
        DropObject: pipelines.drop,
    },
    privileges=("MONITOR", "OPERATE", "APPLYBUDGET"),
    show=show.show,
    describe=show.describe,
    restore=runs.restore,
)
