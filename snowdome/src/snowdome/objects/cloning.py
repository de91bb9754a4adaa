"""CLONE: new records over the same rows. A table's rows are copied when one of those who share them first writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.files import stage_files
from snowdome.query import clone_point, time_travel
from snowdome.security import access
from snowdome.state.pipelines import DynamicTable, Stream, Task
from snowdome.state.records import (
    Database,
    DatabaseRole,
    FileFormat,
    FutureGrant,
    Grant,
    MaskingPolicy,
    NetworkRule,
    Record,
    Schema,
    Sequence,
    SessionPolicy,
    Stage,
    Table,
    Tag,
    View,
)

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.time_travel import Moment
    from snowdome.sql.grammar.clauses import Clone
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session

INSIDE: tuple[type[Record], ...] = (
    Schema,
    Table,
    View,
    Sequence,
    Stage,
    FileFormat,
    DatabaseRole,
    Tag,
    MaskingPolicy,
    SessionPolicy,
    NetworkRule,
    Task,
    Stream,
)
NEEDED: dict[type[Record], str] = {
    Table: "SELECT",
    DynamicTable: "SELECT",
    View: "SELECT",
    Schema: "USAGE",
    Sequence: "USAGE",
    Stage: "USAGE",
    FileFormat: "USAGE",
    Task: "OWNERSHIP",
    Stream: "OWNERSHIP",
}
"""What the role needs on an object for it to be cloned along; where it lacks that, the clone is silently without it."""


@dataclass(frozen=True, slots=True)
class Cloning:
    """Who clones, by which clause, as of when."""

    account: Account
    session: Session
    change: Change
    clause: Clone
    moment: Moment | None


def clone_database(cloning: Cloning, source: Database, made: Database) -> None:
    """`made` holds a copy of all in the source that the session's role may see; its own grants are not copied.

    Future grants, tags and parameters come along. Children keep their owners and grants. A database role may use the
    database it is in, and so the clone (assumed: see snowdome/assumptions).
    """
    _not_shared(source)
    copy = replace(made, future=source.future, tags=dict(source.tags), parameters=dict(source.parameters))
    cloning.change.put(copy)
    _children(cloning, source, copy)
    catalog, now = cloning.account.catalog, cloning.account.clock.now()
    usages = tuple(
        Grant(privilege="USAGE", to=role.id, by=made.owner, on=now) for role in catalog.children(made.id, DatabaseRole)
    )
    copy = catalog.get(Database, made.id)
    cloning.change.put(replace(copy, grants=(*copy.grants, *usages)))


def clone_schema(cloning: Cloning, source: Schema, made: Schema) -> None:
    """`made` holds a copy of all in the source that the session's role may see."""
    _not_shared(source)
    copy = replace(made, future=source.future, tags=dict(source.tags), managed=source.managed or made.managed)
    cloning.change.put(copy)
    _children(cloning, source, copy)


def _not_shared(source: Database | Schema) -> None:
    """What was imported from a share, as SNOWFLAKE was, has no owner here and cannot be cloned."""
    if source.owner is None:
        raise errors.insufficient_privileges(source.kind, source.name)


def _children(cloning: Cloning, source: Record, made: Record) -> None:
    account, change = cloning.account, cloning.change
    ids = {source.id: made.id}
    for old in _inventory(cloning, source.id):
        ids[old.id] = change.new_id()
    roles = {old: new for old, new in ids.items() if isinstance(account.catalog.peek(old), DatabaseRole)}
    tags = {old: new for old, new in ids.items() if isinstance(account.catalog.peek(old), (Tag, MaskingPolicy))}
    now = account.clock.now()
    for old_id, new_id in ids.items():
        if new_id == made.id:
            copy: Record = made
        else:
            old = account.catalog.get(Record, old_id)
            copy = replace(_content(cloning, old, new_id), id=new_id, parent=ids[old.parent], created_on=now)
            copy = _elsewhere(account, replace(copy, dropped_on=None), ids)
        change.put(_repointed(copy, roles, tags))


def _elsewhere(account: Account, record: Record, ids: dict[int, int]) -> Record:
    """What works by itself rests in a clone, and means what was cloned along with it."""
    now = account.clock.now()
    match record:
        case Task():
            return replace(asleep(record, now), after=tuple(ids.get(i, i) for i in record.after))
        case DynamicTable():
            return asleep(record, now)
        case Stream():
            return replace(record, source=ids.get(record.source, record.source), at=now, turn=account.catalog.last_id)
        case _:
            return record


A = TypeVar("A", Task, DynamicTable)


def asleep(record: A, now: datetime) -> A:
    """The task or dynamic table suspended, as every clone of one is (sql/create-task, dynamic-tables/cloning)."""
    if isinstance(record, Task):
        return replace(record, started=False, committed_on=None, suspended_on=None, suspended_why=None, failures=0)
    return replace(record, suspended=True, suspended_on=now, suspended_by=None, cloned=True, seen="")


def _content(cloning: Cloning, old: Record, new_id: int) -> Record:
    """The object with rows, numbers or files for the copy of that id."""
    match old:
        case Table():
            return rows_of(cloning.account, old, new_id, cloning.moment)
        case Sequence():
            return _own_sequence(cloning.account, old, new_id)
        case Stage():
            return _own_files(old, new_id)
        case _:
            return old


def rows_of(account: Account, table: Table, new_id: int, moment: Moment | None = None) -> Table:
    """The table sharing its rows, or with a copy of those it had, or of the committed ones of a table being written."""
    if moment is not None:
        past = time_travel.as_of(account, table, moment)
        if past is not table:
            return past
    table = replace(table, past=())
    if not any(table.physical in s.written for s in account.sessions.values()):
        return table
    physical = f"t{new_id}"
    account.duck.copy(table.physical, physical)
    return replace(table, physical=physical)


def _inventory(cloning: Cloning, parent: int) -> Iterator[Record]:
    account, moment = cloning.account, cloning.moment
    if moment is None:
        found: Iterator[Record] = iter(account.catalog.children(parent, *INSIDE))
    else:
        found = clone_point.kept(
            account, iter(clone_point.there(account, parent, moment, INSIDE)), moment, cloning.clause
        )
    for child in found:
        needed = NEEDED.get(type(child))
        if needed is not None and not access.has(account, cloning.session, needed, child):
            continue
        if isinstance(child, Table) and child.hybrid:
            clone_point.refuse_hybrid(cloning.clause, child)
            continue
        if isinstance(child, Task) and moment is not None:
            continue
        if isinstance(child, Stage) and (child.temporary or not cloning.clause.include_internal_stages):
            continue
        yield child
        yield from _inventory(cloning, child.id)


def _own_sequence(account: Account, sequence: Sequence, new_id: int) -> Sequence:
    physical = f"q{new_id}"
    account.duck.copy_sequence(sequence.physical, physical, sequence.start, sequence.increment)
    return replace(sequence, physical=physical)


def _own_files(stage: Stage, new_id: int) -> Stage:
    """The stage with a copy of the files, as INCLUDE INTERNAL STAGES wants it."""
    physical = f"g{new_id}"
    stage_files.copy_folder(stage.physical, physical)
    return replace(stage, physical=physical)


def _repointed(record: Record, roles: dict[int, int], tags: dict[int, int]) -> Record:
    """Grants to database roles, tags and masking policies that were cloned along mean the copies.

    A table protected by a policy of another schema stays so (user-guide/security-column-intro, Cloned objects).
    """
    if not roles and not tags:
        return record
    grants: tuple[Grant, ...] = tuple(replace(g, to=roles.get(g.to, g.to)) for g in record.grants)
    future: tuple[FutureGrant, ...] = tuple(replace(f, to=roles.get(f.to, f.to)) for f in record.future)
    values = {tags.get(tag, tag): value for tag, value in record.tags.items()}
    record = replace(record, grants=grants, future=future, tags=values)
    if isinstance(record, Tag):
        return replace(record, policies=tuple(tags.get(policy, policy) for policy in record.policies))
    if not isinstance(record, (Table, View)):
        return record
    columns = {
        name: {tags.get(tag, tag): value for tag, value in of.items()} for name, of in record.column_tags.items()
    }
    masks = {name: replace(mask, policy=tags.get(mask.policy, mask.policy)) for name, mask in record.masks.items()}
    return replace(record, column_tags=columns, masks=masks)
