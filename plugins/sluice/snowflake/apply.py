"""Applies a provisioning plan: the same steps that `explain` shows, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from sluice.domain.journal.control_schema import (
    CONTROL,
    EVENTS,
    JOURNAL,
    METER,
    VIEWS,
    is_environment_journal,
)
from sluice.domain.names import Marker
from sluice.domain.provisioning.steps import (
    AlterDatabase,
    AlterUser,
    AlterWarehouse,
    CloneDatabase,
    CloneSchema,
    CreateControl,
    CreateDatabase,
    CreateRole,
    CreateSource,
    CreateTag,
    CreateUser,
    CreateWarehouse,
    GrantPrivileges,
    GrantRole,
    GrantViewer,
    Plan,
    RevokePrivilege,
    SetMonitor,
    SetTags,
    Step,
)
from sluice.snowflake import access, control_sql, provisioning_sql, statements
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement


def apply(session: Session, plan: Plan, done: Callable[[Step], None] = lambda _: None) -> int:
    """Run every step, each of which may be run again, and return how many statements were sent."""
    before = session.statements
    for step in plan.steps:
        for statement in statements_of(step):
            session.run(statement)
        done(step)
    return session.statements - before


def statements_of(step: Step) -> list[Statement]:  # noqa: C901, PLR0911, PLR0912 (one case for each step of the closed union)
    """Return the statements of one step."""
    match step:
        case CreateControl():
            return list(_control(step))
        case CreateRole():
            return [provisioning_sql.create_role(step.role, step.marker)]
        case CreateWarehouse():
            made = provisioning_sql.create_warehouse(step.warehouse, step.marker)
            return [made, statements.use_warehouse(step.warehouse.name)]
        case AlterWarehouse():
            return [provisioning_sql.alter_warehouse(step.warehouse, step.changes, step.marker)]
        case CreateDatabase():
            return [provisioning_sql.create_database(step.database, step.marker)]
        case CloneDatabase():
            return [provisioning_sql.clone_database(step.database, step.base, step.marker)]
        case CloneSchema():
            return [provisioning_sql.clone_schema(step.database, step.schema, step.base)]
        case SetMonitor() if step.procedure is not None:
            return [provisioning_sql.call_monitor(step.procedure, step.monitor, step.warehouse)]
        case SetMonitor():
            made = (
                provisioning_sql.create_monitor(step.monitor)
                if step.fresh
                else provisioning_sql.alter_monitor(step.monitor)
            )
            return [made, provisioning_sql.attach_monitor(step.monitor, step.warehouse)]
        case AlterDatabase():
            return [provisioning_sql.set_retention(step.database, int(one.wanted)) for one in step.changes]
        case CreateSource():
            return [provisioning_sql.create_source(step.database)]
        case CreateUser():
            return [provisioning_sql.create_user(step.user, step.public_key, step.marker)]
        case AlterUser():
            return [provisioning_sql.alter_user(step.user, step.public_key)]
        case GrantRole():
            return [provisioning_sql.grant_role(step.membership)]
        case GrantViewer():
            return [access.grant_viewer(step.viewer, step.role)]
        case GrantPrivileges():
            return [provisioning_sql.grant(step.privileges, step.grant)]
        case RevokePrivilege():
            return [provisioning_sql.revoke(step.grant)]
        case CreateTag():
            return [provisioning_sql.create_tag(step.tag)]
        case SetTags():
            return [provisioning_sql.set_tags(step.kind, step.on, step.values)]
        case _:
            assert_never(step)


def _control(step: CreateControl) -> Iterable[Statement]:
    # the first view reads the journals, the others read the first
    for missing in sorted(step.missing, key=lambda each: (each.name in VIEWS, each.name != EVENTS)):
        if missing.schema is None:
            yield control_sql.create_database(missing.database, Marker("control").comment)
        elif missing.name is None:
            yield control_sql.create_schema(missing.database, missing.schema)
        elif missing.name == JOURNAL or is_environment_journal(missing):
            yield control_sql.create_journal(missing)
        elif missing.name == METER:
            yield control_sql.create_meter(missing.database)
        elif missing.name in VIEWS:
            yield control_sql.create_view(missing.database, missing.name, step.journals)
    if any(missing.schema == CONTROL and missing.name is None for missing in step.missing):
        yield control_sql.say_version(step.database)  # last: until then the schema counts as an older one
