"""Tasks: created, cloned, altered, resumed, suspended, executed; `runs` runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import SqlError, invalid, unsupported
from snowdome.objects import cloning
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.handlers import DONE
from snowdome.objects.pipelines.statements import CloneObject, ResumeOrSuspend, SetProperties
from snowdome.objects.tasks import runs
from snowdome.objects.tasks.statements import CreateTask, ExecuteTask, ModifyTask, TaskAfter
from snowdome.result import Result, status
from snowdome.security import access, resolve
from snowdome.sql import cron
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.names import Name
from snowdome.state.pipelines import Task
from snowdome.state.records import Role, Schema, Warehouse

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session

USER_SUSPENDED = "USER_SUSPENDED"


OVERLAP = {True: "ALLOW_CHILD_OVERLAP", False: "NO_OVERLAP"}


def create(account: Account, session: Session, statement: CreateTask) -> Result:
    """The task is there, suspended."""
    wanted = _told(dict(statement.settings))
    _warehouse(account, session, wanted)

    def make(change: Change, schema: Schema, old: Task | None) -> Task:
        now = account.clock.now()
        after = tuple(_predecessor(account, schema, name).id for name in statement.after)
        altered = old if statement.how is How.OR_ALTER else None
        if altered is not None:
            _at_rest(account, altered)
            return replace(
                altered,
                definition=statement.definition,
                condition=statement.condition,
                after=after,
                comment=str(wanted.get("COMMENT", "")),
                settings=_kept(wanted),
                altered_on=now,
            )
        for task in after:
            _at_rest(account, account.catalog.get(Task, task))
        return Task(
            id=change.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            comment=str(wanted.get("COMMENT", "")),
            definition=statement.definition,
            condition=statement.condition,
            settings=_kept(wanted),
            after=after,
            user=session.user,
        )

    return pipelines.create(account, session, Task, statement.name, statement.how, tags=statement.tags, make=make)


def _told(wanted: dict[str, Any]) -> dict[str, Any]:
    """The properties, with the deprecated one said in the words of the one that replaced it."""
    if "ALLOW_OVERLAPPING_EXECUTION" in wanted:
        wanted["OVERLAP_POLICY"] = OVERLAP[bool(wanted.pop("ALLOW_OVERLAPPING_EXECUTION"))]
    if wanted.get("OVERLAP_POLICY") == "ALLOW_ALL_OVERLAP":
        raise unsupported("OVERLAP_POLICY = ALLOW_ALL_OVERLAP")
    if "WAREHOUSE" in wanted and "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE" in wanted:
        raise invalid("A task has a WAREHOUSE or a USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE, not both.", 91_083)
    if "SCHEDULE" in wanted:
        cron.check(str(wanted["SCHEDULE"]))
    if wanted.get("AUTOCOMMIT") is False:
        raise invalid("A task needs AUTOCOMMIT = TRUE.", 91_090)
    return wanted


def _kept(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name != "COMMENT"}


def _warehouse(account: Account, session: Session, wanted: dict[str, Any]) -> None:
    """The warehouse that is named is one that the session may use."""
    name = wanted.get("WAREHOUSE")
    if name is None:
        return
    found = account.catalog.find(Warehouse, str(name))
    if found is None or not access.may_see(account, session, found):
        raise errors.not_found("Warehouse", str(name))
    access.check(account, session, "USAGE", found)


def _predecessor(account: Account, schema: Schema, name: Name) -> Task:
    """The task of that name in the same schema: a task graph lives in one."""
    found = account.catalog.find(Task, name.last, schema.id)
    if found is None:
        raise errors.not_found("Task", name.sql)
    return found


def _at_rest(account: Account, task: Task) -> None:
    """The roots of the graphs it is in, itself if it follows none, are suspended: they must be (sql/alter-task)."""
    for one in runs.roots(account, task):
        if one.started:
            full = resolve.full_name(account, one)
            raise SqlError(
                91_092,
                "0A000",
                f"Unable to update graph with root task {full} since that root task is not suspended.",
            )


def change(account: Account, session: Session, statement: SetProperties | ModifyTask | TaskAfter) -> Result:
    """The task has those properties, that statement or condition, or those predecessors."""
    with account.catalog.change() as put:
        try:
            found = pipelines.find(account, session, Task, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        access.check(account, session, "OWNERSHIP", found)
        _at_rest(account, found)
        put.put(replace(_changed(account, session, found, statement), altered_on=account.clock.now()))
    return DONE


def _changed(account: Account, session: Session, task: Task, statement: SetProperties | ModifyTask | TaskAfter) -> Task:
    match statement:
        case ModifyTask():
            definition = task.definition if statement.definition is None else statement.definition
            condition = task.condition if statement.condition is None else statement.condition
            return replace(task, definition=definition, condition=condition)
        case TaskAfter():
            schema = account.catalog.get(Schema, task.parent)
            named = [_predecessor(account, schema, name) for name in statement.tasks]
            if not statement.added:
                gone = {one.id for one in named}
                return replace(task, after=tuple(i for i in task.after if i not in gone))
            for one in named:
                _at_rest(account, one)
                if one.id == task.id or task.id in {root.id for root in runs.ancestors(account, one)}:
                    raise invalid("A task graph cannot have a cycle.", 91_088)
            if "SCHEDULE" in task.settings:
                raise invalid("A task cannot have both a schedule and predecessors (AFTER).", 91_089, "22023")
            return replace(task, after=tuple(dict.fromkeys((*task.after, *(one.id for one in named)))))
        case SetProperties():
            wanted = _told(dict(statement.settings))
            _warehouse(account, session, wanted)
            merged = {name: value for name, value in task.settings.items() if name not in statement.unset}
            comment = "" if "COMMENT" in statement.unset else task.comment
            return replace(task, settings=merged | _kept(wanted), comment=str(wanted.get("COMMENT", comment)))


def resume_or_suspend(account: Account, session: Session, statement: ResumeOrSuspend) -> Result:
    """The task runs by its schedule from now on, or rests."""
    with account.catalog.change() as put:
        try:
            found = pipelines.find(account, session, Task, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        pipelines.operate(account, session, found)
        now = account.clock.now()
        if statement.resumed:
            _may_run(account, found)
            if not found.started:
                put.put(replace(found, started=True, resumed_on=now, committed_on=now, failures=0))
        elif found.started:
            put.put(replace(found, started=False, suspended_on=now, suspended_why=USER_SUSPENDED))
        runs.plan(account, account.catalog.get(Task, found.id))
    return DONE


def _may_run(account: Account, task: Task) -> None:
    """The owner may execute tasks and use the warehouse; a task without one is served by nobody here."""
    if task.settings.get("WAREHOUSE") is None:
        raise unsupported("running a task without a WAREHOUSE (serverless)")
    if task.condition and not runs.served(task.condition):
        raise unsupported(f"a task's WHEN {task.condition[:60]}")
    roles = access.closure(account, frozenset({task.owner or 0}))
    if not access.holds_on_account(account, roles, "EXECUTE TASK"):
        owner = account.catalog.peek(task.owner or 0)
        name = owner.name if isinstance(owner, Role) else ""
        raise SqlError(
            91_089, "42501", f"Cannot execute task , EXECUTE TASK privilege must be granted to owner role {name}"
        )
    warehouse = account.catalog.find(Warehouse, str(task.settings["WAREHOUSE"]))
    if warehouse is None or not access.holds(account, roles, "USAGE", warehouse):
        raise errors.not_found("Warehouse", str(task.settings["WAREHOUSE"]))


def execute(account: Account, session: Session, statement: ExecuteTask) -> Result:
    """A run of the task has been set going, whether it is suspended or not."""
    found = pipelines.find(account, session, Task, statement.name, "EXECUTE")
    pipelines.operate(account, session, found)
    if found.after:
        raise invalid("Only the root task of a task graph can be executed.", 91_093)
    _may_run(account, found)
    runs.start(account, found, account.clock.now())
    return status(f"Task {found.name} is scheduled to run immediately.")


def clone(account: Account, session: Session, statement: CloneObject) -> Result:
    """The copy is there, suspended."""
    source = pipelines.find(account, session, Task, statement.clone.source, "CREATE TASK")
    access.check(account, session, "OWNERSHIP", source)

    def make(put: Change, schema: Schema, old: Task | None) -> Task:
        now = account.clock.now()
        keeper = old if old is not None else source
        copy = replace(
            cloning.asleep(source, now),
            id=put.new_id(),
            name=statement.name.last,
            parent=schema.id,
            owner=session.role,
            created_on=now,
            altered_on=now,
            user=session.user,
            grants=keeper.grants if statement.copy_grants else (),
        )
        return copy if source.parent == schema.id else replace(copy, after=())

    return pipelines.create(account, session, Task, statement.name, statement.how, tags=(), make=make)
