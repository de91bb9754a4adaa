"""The account's catalog: records by id, names as a map, every change one transaction that is on disk when it ends."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from snowdome.state import trace
from snowdome.state.records import DatabaseRole, Record, Role, Table, View
from snowdome.state.store import Store

LAST_ID = "last_id"
R = TypeVar("R", bound=Record)
Pair = tuple[Record | None, Record | None]


class Catalog:
    """Who is who in the account.

    Take `lock` to read several things that must agree; `change()` takes it too, so nobody sees half a change.
    """

    def __init__(self, store: Store) -> None:
        self.lock = threading.RLock()
        self._store = store
        self._records: dict[int, Record] = {}
        self._names: defaultdict[tuple[int, str], dict[str, int]] = defaultdict(dict)
        self._dropped: defaultdict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._sharers: defaultdict[str, set[int]] = defaultdict(set)
        self._kids: defaultdict[int, set[int]] = defaultdict(set)
        self._kinds: Counter[type[Record]] = Counter()
        self._open: Change | None = None
        self.journal: Callable[[list[Pair]], list[tuple[str, Sequence[Any]]]] = lambda _: []
        """What is also written with a change of those records, before and after it: see `usage.object_versions`."""
        self.closures: dict[frozenset[int], frozenset[int]] = {}
        """What `access` worked out from the roles, forgotten as soon as one of them changes."""
        for record in store.records():
            self._index(record)
        self._last_id = max(int(store.fact(LAST_ID) or 0), max(self._records, default=0))
        self._saved_id = self._last_id
        """The last id that is on disk: also an id that only names an anonymous table is never given twice."""

    # -- reading ------------------------------------------------------------------------------------------------
    def get(self, cls: type[R], record_id: int) -> R:
        """The record of that id, live or dropped."""
        record = self._records[record_id]
        if not isinstance(record, cls):
            raise KeyError(record_id)
        return record

    def peek(self, record_id: int) -> Record | None:
        """The record of that id, of whatever kind, or nothing."""
        return self._records.get(record_id)

    def find(self, cls: type[R], name: str, parent: int = 0) -> R | None:
        """The live record of that name under that parent."""
        record_id = self._names[parent, cls.space].get(name)
        record = self._records[record_id] if record_id is not None else None
        return record if isinstance(record, cls) else None

    def occupant(self, cls: type[Record], name: str, parent: int = 0) -> Record | None:
        """Whatever live record keeps that name from being used for a `cls` (a view keeps it from a table)."""
        record_id = self._names[parent, cls.space].get(name)
        return self._records[record_id] if record_id is not None else None

    def children(self, parent: int, *classes: type[R]) -> list[R]:
        """The live records of those classes under that parent, by name."""
        found: list[R] = []
        for space in dict.fromkeys(c.space for c in classes):
            found += [r for i in self._names[parent, space].values() if isinstance(r := self._records[i], classes)]
        return sorted(found, key=lambda r: r.name)

    def relations(self, parent: int) -> list[Table | View]:
        """The live tables and views of a schema, by name."""
        found = (self._records[i] for i in self._names[parent, Table.space].values())
        return sorted((r for r in found if isinstance(r, (Table, View))), key=lambda r: r.name)

    def within(self, parent: int) -> list[Record]:
        """Every record directly under that parent, dropped ones included."""
        return [self._records[i] for i in sorted(self._kids.get(parent, ()))]

    def all(self, *classes: type[R], dropped: bool = False) -> list[R]:
        """Every record of those classes, in the order of their making."""
        return [
            r for _, r in sorted(self._records.items()) if isinstance(r, classes) and (dropped or r.dropped_on is None)
        ]

    def knows(self, cls: type[Record]) -> bool:
        """Whether there is any record of exactly that class, dropped ones included."""
        return self._kinds[cls] > 0

    def dropped(self, cls: type[R], name: str, parent: int = 0) -> list[R]:
        """The dropped records of that name, the latest first."""
        ids = self._dropped[parent, cls.space].get(name, [])
        found = [r for i in ids if isinstance(r := self._records[i], cls)]
        return sorted(found, key=lambda r: (r.dropped_on or r.created_on, r.id), reverse=True)

    def is_live(self, record: Record) -> bool:
        """Whether the record and all its parents are there under their names."""
        current: Record | None = self._records.get(record.id)
        while current is not None and current.dropped_on is None:
            if current.parent == 0:
                return True
            current = self._records.get(current.parent)
        return False

    def sharers(self, physical: str) -> int:
        """How many tables, dropped ones included, have their rows in that anonymous table."""
        return len(self._sharers.get(physical, ()))

    def sharing(self, physical: str) -> frozenset[int]:
        """The tables, dropped ones included, that have their rows in that anonymous table."""
        return frozenset(self._sharers.get(physical, ()))

    def fact(self, name: str) -> str | None:
        """A single remembered value of the account."""
        return self._store.fact(name)

    # -- changing -----------------------------------------------------------------------------------------------
    @contextmanager
    def change(self) -> Iterator[Change]:
        """What is put and erased inside takes effect as one, on disk and for every reader, or not at all.

        Nested changes join the outer one.
        """
        with self.lock:
            if self._open is not None:
                yield self._open
                return
            change = self._open = Change(self)
            try:
                yield change
                change.commit(self._store)
            except BaseException:
                change.undo()
                raise
            finally:
                self._open = None

    def new_id(self) -> int:
        """An id that no object ever had."""
        with self.lock:
            self._last_id += 1
            return self._last_id

    @property
    def last_id(self) -> int:
        """The id given last."""
        return self._last_id

    def _index(self, record: Record) -> None:
        self._records[record.id] = record
        self._kinds[type(record)] += 1
        self._kids[record.parent].add(record.id)
        if isinstance(record, (Role, DatabaseRole)):
            self.closures.clear()
        if isinstance(record, Table):
            for physical in record.physicals:
                self._sharers[physical].add(record.id)
        key = (record.parent, record.space)
        if record.dropped_on is None:
            self._names[key][record.name] = record.id
        else:
            self._dropped[key][record.name].append(record.id)

    def _unindex(self, record_id: int) -> Record | None:
        record = self._records.pop(record_id, None)
        if record is None:
            return None
        self._kinds[type(record)] -= 1
        self._kids[record.parent].discard(record_id)
        if isinstance(record, (Role, DatabaseRole)):
            self.closures.clear()
        if isinstance(record, Table):
            for physical in record.physicals:
                self._sharers[physical].discard(record_id)
                if not self._sharers[physical]:
                    del self._sharers[physical]
        key = (record.parent, record.space)
        if record.dropped_on is None:
            if self._names[key].get(record.name) == record_id:
                del self._names[key][record.name]
        else:
            self._dropped[key][record.name].remove(record_id)
        return record


class Change:
    """A change being made: see `Catalog.change`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._before: dict[int, Record | None] = {}
        self._facts: dict[str, str] = {}
        self._more: list[tuple[str, Sequence[Any]]] = []
        self._undone: list[Callable[[], object]] = []

    def new_id(self) -> int:
        """An id that no object ever had."""
        return self._catalog.new_id()

    def put(self, record: R) -> R:
        """The record is in the catalog, in place of the one with its id."""
        old = self._catalog._unindex(record.id)
        self._before.setdefault(record.id, old)
        self._catalog._index(record)
        return record

    def drop(self, record: Record, at: datetime) -> None:
        """The record no longer bears its name and can be undropped."""
        self.put(replace(record, dropped_on=at))

    def erase(self, record_id: int) -> None:
        """The record is gone for good."""
        self._before.setdefault(record_id, self._catalog._unindex(record_id))

    def fact(self, name: str, value: str) -> None:
        """The value is remembered."""
        self._facts[name] = value

    def also(self, sql: str, values: Sequence[Any] = (), undo: Callable[[], object] | None = None) -> None:
        """The statement is part of the change of the account's file; `undo` is called where the change is undone."""
        self._more.append((sql, values))
        if undo is not None:
            self._undone.append(undo)

    def undone(self, undo: Callable[[], object]) -> None:
        """`undo` is called where the change is undone."""
        self._undone.append(undo)

    def commit(self, store: Store) -> None:
        """All of it is on disk."""
        records = self._catalog._records
        written = [records[i] for i in self._before if i in records]
        given = self._catalog._last_id
        if given != self._catalog._saved_id:
            self._facts[LAST_ID] = str(given)
        if self._before or self._facts or self._more:
            pairs = [(before, records.get(i)) for i, before in self._before.items()]
            more = [*self._more, *self._catalog.journal(pairs)]
            store.write(written, [i for i in self._before if i not in records], self._facts.items(), more)
            self._catalog._saved_id = given
            trace.changed(pairs)

    def undo(self) -> None:
        """The catalog is as it was before."""
        for undo in reversed(self._undone):
            undo()
        for record_id in self._before:
            self._catalog._unindex(record_id)
        for before in self._before.values():
            if before is not None:
                self._catalog._index(before)
