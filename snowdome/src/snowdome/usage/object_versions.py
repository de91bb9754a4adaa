"""How the account's objects were at an earlier moment: what ACCOUNT_USAGE shows hours late.

Each change of what such a view shows of an object leaves a version in account.sqlite, in the transaction of the
change; each grant leaves a row that gets an end when it is revoked (account-usage/grants_to_roles: DELETED_ON).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from snowdome.state.pipelines import EVERY_RECORD
from snowdome.state.records import Record, Stage, Table
from snowdome.state.records import Sequence as SequenceRecord

if TYPE_CHECKING:
    from snowdome.state.store import Store

Pairs = Iterable[tuple[Record | None, Record | None]]
Write = tuple[str, Sequence[Any]]
_ADAPTERS: dict[str, TypeAdapter[Record]] = {cls.__name__: TypeAdapter(cls) for cls in EVERY_RECORD}
_WITHOUT = (SequenceRecord, Stage)
KEPT = timedelta(days=1)
"""How long a version is kept once there is a newer one: longer than any of the views is late."""
PRUNED_EACH = 1_000
LAYOUT = (
    "CREATE TABLE IF NOT EXISTS versions (seq INTEGER PRIMARY KEY, id INTEGER, at REAL, kind TEXT, body TEXT)",
    "CREATE INDEX IF NOT EXISTS versions_by_id ON versions (id, seq)",
    """CREATE TABLE IF NOT EXISTS granted (object INTEGER, privilege TEXT, grantee INTEGER, grantor INTEGER,
    with_option INTEGER, created REAL, modified REAL, deleted REAL)""",
    "CREATE INDEX IF NOT EXISTS granted_by_object ON granted (object)",
    "CREATE TABLE IF NOT EXISTS cloned (id INTEGER PRIMARY KEY, ancestor INTEGER)",
)
_VERSION = "INSERT INTO versions (id, at, kind, body) SELECT id, ?, kind, body FROM records WHERE id = ?"
_CLONED = "INSERT OR REPLACE INTO cloned VALUES (?, coalesce((SELECT ancestor FROM cloned WHERE id = ?), ?))"
_PRUNE = "DELETE FROM versions WHERE at < ? AND seq NOT IN (SELECT max(seq) FROM versions WHERE at < ? GROUP BY id)"
_LAST = "INSERT INTO versions (id, at, kind, body) VALUES (?, ?, ?, ?)"
_GRANT = "INSERT INTO granted VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
_OPTION = (
    "UPDATE granted SET with_option = ?, modified = ? "
    "WHERE object = ? AND privilege = ? AND grantee = ? AND deleted IS NULL"
)
_REVOKE = "UPDATE granted SET deleted = ? WHERE object = ? AND privilege = ? AND grantee = ? AND deleted IS NULL"


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, also one that is no more."""

    object: int
    privilege: str
    to: int
    by: int | None
    option: bool
    created: datetime
    modified: datetime
    deleted: datetime | None


class Versions:
    """The earlier versions of the account's records, and the history of its grants."""

    def __init__(self, store: Store, now: Callable[[], datetime], sharing: Callable[[str], Iterable[int]]) -> None:
        """`sharing` tells which tables have their rows in an anonymous table."""
        self._store = store
        self._sharing = sharing
        self._now = now
        self._changes = 0
        store.prepare(LAYOUT)

    def journal(self, pairs: Pairs) -> list[Write]:
        """What has to be written with a change of those records (before, after)."""
        at = self._now().timestamp()
        found: list[Write] = []
        for before, after in pairs:
            record = after or before
            if record is None or isinstance(record, _WITHOUT):
                continue
            if after is None:
                if before is not None and before.dropped_on is None:
                    found.append(_erased(before, self._now()))
            elif before is None or _shown(before) != _shown(after):
                found.append((_VERSION, (at, after.id)))
            if before is None and isinstance(after, Table):
                found += self._cloned(after)
            if before is None or after is None or before.grants is not after.grants or before.owner != after.owner:
                found += _grants(before, after, at)
        return found + self._pruning()

    def as_of(self, moment: datetime, *classes: type[Record]) -> dict[int, Record]:
        """Every record of those classes as it was then, by id, dropped ones included.

        A version from the future is one from before the clock was set back: it counts as old.
        """
        marks = ", ".join("?" for _ in classes)
        rows = self._store.rows(
            f"SELECT kind, body FROM versions WHERE seq IN (SELECT max(seq) FROM versions WHERE (at <= ? OR at > ?) "
            f"AND kind IN ({marks}) GROUP BY id) ORDER BY id",
            [moment.timestamp(), self._now().timestamp(), *(cls.__name__ for cls in classes)],
        )
        records = [_ADAPTERS[kind].validate_json(body) for kind, body in rows]
        return {record.id: record for record in records}

    def clone_groups(self) -> dict[int, int]:
        """Each table that was made as a clone, and the oldest of its ancestors."""
        return dict(self._store.rows("SELECT id, ancestor FROM cloned"))

    def grants(self, moment: datetime) -> list[Granted]:
        """Every grant there had been by then; one that was revoked since is not yet revoked."""
        until, now = moment.timestamp(), self._now().timestamp()
        query = "SELECT * FROM granted WHERE created <= ? OR created > ? ORDER BY created, rowid"
        return [_granted(row, until, now) for row in self._store.rows(query, [until, now])]

    def _cloned(self, table: Table) -> list[Write]:
        """A table that is made with the rows of another is a clone of it."""
        source = min((other for other in self._sharing(table.physical) if other < table.id), default=None)
        return [(_CLONED, (table.id, source, source))] if source is not None else []

    def _pruning(self) -> list[Write]:
        """Now and then: versions that no view can ask for any more are deleted."""
        self._changes += 1
        if self._changes % PRUNED_EACH:
            return []
        old = (self._now() - KEPT).timestamp()
        return [(_PRUNE, (old, old))]


def _shown(record: Record) -> tuple[Any, ...]:
    """What the views show of a record: a change of anything else (its rows, its state) leaves no version."""
    return (
        record.name, record.parent, record.owner, record.comment, record.dropped_on, record.tags,
        getattr(record, "column_tags", None), getattr(record, "retention", None), getattr(record, "columns", None),
    )  # fmt: skip


def _erased(record: Record, now: datetime) -> Write:
    kind = type(record).__name__
    body = _ADAPTERS[kind].dump_json(replace(record, dropped_on=now)).decode()
    return _LAST, (record.id, now.timestamp(), kind, body)


def _grants(before: Record | None, after: Record | None, at: float) -> list[Write]:
    old, new = _held(before), _held(after)
    found: list[Write] = [(_REVOKE, (at, key[0], key[1], key[2])) for key in old.keys() - new.keys()]
    for key, (by, option) in new.items():
        if key not in old:
            found.append((_GRANT, (*key, by, option, at, at)))
        elif old[key][1] != option:
            found.append((_OPTION, (option, at, *key)))
    return found


def _held(record: Record | None) -> dict[tuple[int, str, int], tuple[int | None, bool]]:
    if record is None or record.dropped_on is not None:
        return {}
    held = {(record.id, g.privilege, g.to): (g.by, g.option) for g in record.grants}
    if record.owner is not None:
        held[record.id, "OWNERSHIP", record.owner] = (record.owner, True)
    return held


def _granted(row: tuple[Any, ...], until: float, now: float) -> Granted:
    target, privilege, to, by, option, created, modified, deleted = row
    return Granted(
        object=target,
        privilege=privilege,
        to=to,
        by=by,
        option=bool(option),
        created=_moment(created),
        modified=_moment(modified if modified <= until else created),
        deleted=_moment(deleted) if deleted is not None and not until < deleted <= now else None,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
