"""CLONE: new records over the same rows. A table's rows are copied when one of those who share them first writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import access
from snowdome.errors import unsupported
from snowdome.records import (
    Database,
    DatabaseRole,
    FileFormat,
    FutureGrant,
    Grant,
    Record,
    Schema,
    Sequence,
    Stage,
    Table,
    Tag,
    View,
)

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.catalog import Change
    from snowdome.grammar.clauses import Clone
    from snowdome.session import Session

INSIDE: tuple[type[Record], ...] = (Schema, Table, View, Sequence, Stage, FileFormat, DatabaseRole, Tag)
NEEDED = {Table: "SELECT", View: "SELECT", Schema: "USAGE"}


def check(clone: Clone) -> None:
    """What is not served about cloning is refused by name."""
    if clone.include_internal_stages:
        raise unsupported("CLONE … INCLUDE INTERNAL STAGES")


def clone_database(account: Account, session: Session, change: Change, source: Database, made: Database) -> None:
    """`made` holds a copy of all in the source that the session's role may see; its own grants are not copied.

    Future grants, tags and parameters come along. Children keep their owners and grants.
    """
    copy = replace(made, future=source.future, tags=dict(source.tags), parameters=dict(source.parameters))
    change.put(copy)
    _children(account, session, change, source, copy)


def clone_schema(account: Account, session: Session, change: Change, source: Schema, made: Schema) -> None:
    """`made` holds a copy of all in the source that the session's role may see."""
    copy = replace(made, future=source.future, tags=dict(source.tags), managed=source.managed or made.managed)
    change.put(copy)
    _children(account, session, change, source, copy)


def _children(account: Account, session: Session, change: Change, source: Record, made: Record) -> None:
    ids = {source.id: made.id}
    for old in _inventory(account, session, source.id):
        ids[old.id] = change.new_id()
    roles = {old: new for old, new in ids.items() if isinstance(account.catalog.peek(old), DatabaseRole)}
    tags = {old: new for old, new in ids.items() if isinstance(account.catalog.peek(old), Tag)}
    now = account.clock.now()
    for old_id, new_id in ids.items():
        if new_id == made.id:
            copy: Record = made
        else:
            old = account.catalog.get(Record, old_id)
            copy = replace(old, id=new_id, parent=ids[old.parent], created_on=now)
            if isinstance(copy, Table):
                copy = rows_of(account, copy)
            elif isinstance(copy, Sequence):
                copy = _own_sequence(account, copy)
        change.put(_repointed(copy, roles, tags))


def rows_of(account: Account, table: Table) -> Table:
    """The table sharing its rows, or with a copy of the committed ones where a session is writing to them."""
    if not any(table.physical in s.written for s in account.sessions.values()):
        return table
    physical = f"t{table.id}"
    account.duck.copy(table.physical, physical)
    return replace(table, physical=physical)


def _inventory(account: Account, session: Session, parent: int) -> Iterable[Record]:
    for child in account.catalog.children(parent, *INSIDE):
        needed = NEEDED.get(type(child))
        if needed is not None and not access.has(account, session, needed, child):
            continue
        if isinstance(child, Table) and child.hybrid:
            continue
        yield child
        yield from _inventory(account, session, child.id)


def _own_sequence(account: Account, sequence: Sequence) -> Sequence:
    physical = f"q{sequence.id}"
    account.duck.copy_sequence(sequence.physical, physical, sequence.start, sequence.increment)
    return replace(sequence, physical=physical)


def _repointed(record: Record, roles: dict[int, int], tags: dict[int, int]) -> Record:
    """Grants to database roles and tags that were cloned along mean the copies."""
    if not roles and not tags:
        return record
    grants: tuple[Grant, ...] = tuple(replace(g, to=roles.get(g.to, g.to)) for g in record.grants)
    future: tuple[FutureGrant, ...] = tuple(replace(f, to=roles.get(f.to, f.to)) for f in record.future)
    values = {tags.get(tag, tag): value for tag, value in record.tags.items()}
    record = replace(record, grants=grants, future=future, tags=values)
    if not isinstance(record, (Table, View)):
        return record
    columns = {
        name: {tags.get(tag, tag): value for tag, value in of.items()} for name, of in record.column_tags.items()
    }
    return replace(record, column_tags=columns)
