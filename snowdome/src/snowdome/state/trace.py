"""What is recorded about a statement while it runs: where it computed, what it read and wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowdome.state.records import Record, Warehouse
    from snowdome.state.statement_log import Entry

SIZES = {
    "XSMALL": "X-Small", "SMALL": "Small", "MEDIUM": "Medium", "LARGE": "Large", "XLARGE": "X-Large",
    "XXLARGE": "2X-Large", "XXXLARGE": "3X-Large", "X4LARGE": "4X-Large", "X5LARGE": "5X-Large",
    "X6LARGE": "6X-Large",
}  # fmt: skip
"""How sizes are written in SHOW and in histories."""


@dataclass(slots=True)
class Trace:
    """The notes of one statement; whoever learns something writes it here, and nobody waits for it."""

    entry: Entry
    user_id: int = 0
    login_event: int | None = None
    transaction: int | None = None
    bound: bool = False
    """Whether values were bound to it."""
    database_id: int | None = None
    schema_id: int | None = None
    failed: bool = False
    kind: str = ""
    """Snowflake's QUERY_TYPE, once it is over."""
    around: Trace | None = None
    """The statement that this one is part of."""
    bytes: int = 0
    """The size of the answer."""
    warehouse_id: int | None = None
    warehouse_name: str | None = None
    warehouse_size: str | None = None
    warehouse_type: str | None = None
    cluster: int | None = None
    compiled_at: datetime | None = None
    """When the statement asked for compute: what came before was compilation."""
    executing_at: datetime | None = None
    queued_provisioning: float = 0.0
    """Seconds by the account's clock, as are the two below."""
    queued_overload: float = 0.0
    blocked: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    """Rows inserted, updated and deleted, by those words."""
    reads: list[tuple[int, str]] = field(default_factory=list)
    """Tables and views that the statement names: id, and the name it knows each by."""
    bases: dict[int, set[str] | None] = field(default_factory=dict)
    """Tables behind views, with the columns that the views read of each (None: all)."""
    columns: set[tuple[str, str]] = field(default_factory=set)
    """Columns that the statement names: qualifier (may be empty) and name."""
    starred: set[str] = field(default_factory=set)
    """Qualifiers of asterisks; an empty one means everything."""
    written: dict[int, tuple[str, ...] | None] = field(default_factory=dict)
    """Tables that the statement changes rows of, and the columns it fills (None: all)."""
    changes: list[tuple[Record | None, Record | None]] = field(default_factory=list)
    """Records before and after, as the catalog changed."""

    def asked_for_compute(self, now: datetime) -> None:
        """Compilation is over."""
        self.compiled_at = self.compiled_at or now

    def computes(self, warehouse: Warehouse, cluster: int, now: datetime) -> None:
        """The statement runs on that cluster of the warehouse from now on."""
        size = str(warehouse.settings.get("WAREHOUSE_SIZE", "XSMALL"))
        self.warehouse_id, self.warehouse_name = warehouse.id, warehouse.name
        self.warehouse_size = SIZES.get(size, size)
        self.warehouse_type = str(warehouse.settings.get("WAREHOUSE_TYPE", "STANDARD"))
        self.cluster, self.executing_at = cluster, now


_local = threading.local()


def enter(trace: Trace | None) -> None:
    """This thread runs that statement, or none."""
    _local.trace = trace


def current() -> Trace | None:
    """The statement that this thread runs, if it runs one."""
    return getattr(_local, "trace", None)


def changed(pairs: Iterable[tuple[Record | None, Record | None]]) -> None:
    """The running statement has changed those records."""
    trace = current()
    if trace is not None:
        trace.changes.extend(pairs)
