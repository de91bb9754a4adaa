"""What tables and databases take up: TABLE_STORAGE_METRICS and DATABASE_STORAGE_USAGE_HISTORY.

Bytes are those of the values, uncompressed, where Snowflake's are compressed. A table that changed is measured when
one of these views is read and at midnight (UTC); what it held in between is not seen. Rows that a clone shares count
for the table that had them first, as in Snowflake (account-usage/table_storage_metrics); the first write to shared rows
copies them, so that both tables then own all of theirs. Time Travel's bytes are those of rows that were deleted or
updated within the retention.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from snowdome.state.duckdb_rows import ROWS, journal
from snowdome.state.records import Database, Record, Schema, Table
from snowdome.state.retention import retention_days
from snowdome.usage.reading import YEAR, at, kept
from snowdome.usage.store import USAGE

if TYPE_CHECKING:
    from snowdome.usage.account import Account
    from snowdome.usage.columns import Shape
    from snowdome.usage.reading import Reading

DAY = timedelta(days=1)
FAILSAFE = timedelta(days=7)
TOGETHER = 40
"""Tables that are measured by one query."""
WIDTHS = {
    "BOOLEAN": 1, "TINYINT": 1, "UTINYINT": 1, "SMALLINT": 2, "USMALLINT": 2, "INTEGER": 4, "UINTEGER": 4, "FLOAT": 4,
    "DATE": 4, "HUGEINT": 16, "UHUGEINT": 16, "UUID": 16, "INTERVAL": 16,
}  # fmt: skip
"""Bytes of a value, by DuckDB's type; 8 for any other of a fixed width."""
VARYING = ("VARCHAR", "JSON", "BLOB", "BIT", "STRUCT", "MAP", "UNION")
Samples = dict[int, list[tuple[datetime, str, int]]]
"""By table: when it was measured, where its rows were, how many bytes they had; the oldest first."""


def measure(account: Account) -> None:
    """Each table that changed since it was last measured has a sample, of the moment of that change."""
    history = account.usage.history
    last = {
        table_id: (physical, measured)
        for table_id, physical, measured in history.execute(
            "SELECT table_id, last(physical ORDER BY measured), max(measured) "
            f"FROM {USAGE}.main.storage_samples GROUP BY 1"
        )
    }
    with account.catalog.lock:
        tables = [t for t in account.catalog.all(Table, dropped=True) if not t.temporary]
    due = [t for t in tables if not _is_fresh(t, last.get(t.id))]
    sizes = _sizes(account, {t.physical for t in due}) if due else {}
    rows_of = [(t.id, t.physical, _since(t), sizes[t.physical]) for t in due if t.physical in sizes]
    for start in range(0, len(rows_of), TOGETHER):
        rows = rows_of[start : start + TOGETHER]
        if rows:
            marks = ", ".join(["(?, ?, ?, ?)"] * len(rows))
            values = [value for row in rows for value in row]
            history.execute(f"INSERT INTO {USAGE}.main.storage_samples VALUES {marks}", values)


def measure_at_midnight(account: Account) -> None:
    """From now on, what tables take up is measured each midnight (UTC)."""

    def due(_: datetime) -> None:
        measure(account)
        measure_at_midnight(account)

    midnight = account.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    account.timers.at(midnight, "usage: storage", due)


def _is_fresh(table: Table, last: tuple[str, datetime] | None) -> bool:
    return last is not None and last[0] == table.physical and last[1] >= _since(table)


def _since(table: Table) -> datetime:
    """Since when the table holds what it holds."""
    return table.altered_on or table.created_on


def _sizes(account: Account, physicals: set[str]) -> dict[str, int]:
    """The bytes of the values in those anonymous tables."""
    counts = _counts(account)
    columns = _columns(account, {name for name in physicals if counts.get(name)})
    queries = [
        f"SELECT '{table}', CAST({' + '.join(map(_width, described))} AS BIGINT) FROM {ROWS}.main.\"{table}\""
        for table, described in columns.items()
    ]
    found = {name: 0 for name in physicals if counts.get(name) == 0}
    for start in range(0, len(queries), TOGETHER):
        rows = account.duck.run(" UNION ALL ".join(queries[start : start + TOGETHER]))
        found |= {str(table): int(str(size or 0)) for table, size in rows}
    return found


def _counts(account: Account) -> dict[str, int]:
    """How many rows DuckDB says that each anonymous table has."""
    query = f"SELECT table_name, estimated_size FROM duckdb_tables() WHERE database_name = '{ROWS}'"
    return {str(name): int(str(size)) for name, size in account.duck.run(query)}


def _columns(account: Account, physicals: set[str]) -> dict[str, list[tuple[str, str]]]:
    """The columns of those anonymous tables, with DuckDB's types."""
    columns: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    if not physicals:
        return columns
    listed = ", ".join(f"'{name}'" for name in sorted(physicals))
    for table, column, kind in account.duck.run(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        f"WHERE database_name = '{ROWS}' AND schema_name = 'main' AND table_name IN ({listed})"
    ):
        columns[str(table)].append((str(column), str(kind)))
    return columns


def _width(column: tuple[str, str]) -> str:
    """The bytes of all values of the column."""
    return f"coalesce(sum({_bytes(column)}), 0)"


def _bytes(column: tuple[str, str]) -> str:
    """The bytes of one value of the column; NULL has none."""
    name, kind = column[0].replace('"', '""'), column[1]
    if kind == "BLOB":
        return f'octet_length("{name}")'
    if kind.startswith(VARYING) or kind.endswith("]"):
        return f'strlen(CAST("{name}" AS VARCHAR))'
    return f'CASE WHEN "{name}" IS NOT NULL THEN {WIDTHS.get(kind, 16 if kind.startswith("DECIMAL(3") else 8)} END'


def _deleted(account: Account, tables: list[Table], moment: datetime) -> dict[int, int]:
    """The bytes of rows that were taken out of each table, as far back from that moment as its retention reaches."""
    columns = _columns(account, {journal(table.physical) for table in tables})
    counts = _counts(account)
    found: dict[int, int] = {}
    for table in tables:
        name = journal(table.physical)
        described = [c for c in columns.get(name, ()) if not c[0].startswith("~")]
        if not described or not counts.get(name):
            continue
        since = moment - timedelta(days=retention_days(account, table))
        listed = ", ".join('"' + c[0].replace('"', '""') + '"' for c in described)
        size = " + ".join(f"coalesce({_bytes(c)}, 0)" for c in described)
        [(total,)] = account.duck.run(
            f'SELECT CAST(coalesce(sum(-signs * size), 0) AS BIGINT) FROM (SELECT sum("~sign") AS signs, '
            f'{size} AS size FROM {ROWS}.main."{name}" WHERE "~at" <= {at(moment)} AND "~at" > {at(since)} '
            f'GROUP BY {listed}, "~turn") WHERE signs < 0'
        )
        found[table.id] = int(str(total))
    return found


def _samples(account: Account, until: datetime) -> Samples:
    measure(account)
    found: Samples = defaultdict(list)
    for table_id, physical, measured, size in account.usage.history.execute(
        f"SELECT table_id, physical, measured, bytes FROM {USAGE}.main.storage_samples ORDER BY measured"
    ):
        if measured <= until:
            found[table_id].append((measured, physical, size))
    return found


def _owners(samples: Samples) -> dict[str, int]:
    """The table that had each set of rows first."""
    found: dict[str, int] = {}
    for table_id, taken in samples.items():
        for _, physical, _ in taken:
            found[physical] = min(found.get(physical, table_id), table_id)
    return found


def _at(samples: Samples, table_id: int, moment: datetime) -> tuple[str, int] | None:
    """Where the table's rows were at that moment, and how many bytes."""
    found = None
    for measured, physical, size in samples.get(table_id, ()):
        if measured > moment:
            break
        found = physical, size
    return found


# -- TABLE_STORAGE_METRICS ----------------------------------------------------------------------------------------
def tables(reading: Reading, shape: Shape) -> str:
    """Every table there is, and dropped ones for as long as they take up anything."""
    moment = reading.late(shape)
    with reading.account.catalog.lock:
        records = reading.account.usage.versions.as_of(moment, Database, Schema, Table)
        groups = reading.account.usage.versions.clone_groups()
    samples = _samples(reading.account, reading.now)
    states = [_state(reading.account, records, t, samples, moment) for t in records.values() if isinstance(t, Table)]
    with reading.account.catalog.lock:
        live = [t for t in reading.account.catalog.all(Table) if not t.temporary]
    deleted = _deleted(reading.account, live, moment)
    used = {state["physical"] for state in states if state["live"]}
    owners = _owners(samples)
    rows = [row for state in states for row in _table_row(records, state | {"deleted": deleted}, owners, used, groups)]
    return f'SELECT {shape.select()} FROM "{reading.rows(shape.columns, rows)}"'


def _state(
    account: Account, records: dict[int, Record], table: Table, samples: Samples, moment: datetime
) -> dict[str, Any]:
    physical, size = _at(samples, table.id, moment) or (table.physical, 0)
    dropped = _dropped(records, table)
    ends = dropped + timedelta(days=retention_days(account, table)) if dropped is not None else None
    past = ends is not None and ends <= moment
    return {"table": table, "physical": physical, "bytes": size, "dropped": dropped, "past": ends if past else None,
            "live": not past, "moment": moment}  # fmt: skip


def _dropped(records: dict[int, Record], record: Record) -> datetime | None:
    current: Record | None = record
    while current is not None:
        if current.dropped_on is not None:
            return current.dropped_on
        current = records.get(current.parent)
    return None


def _table_row(
    records: dict[int, Record], state: dict[str, Any], owners: dict[str, int], used: set[str], groups: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    table, moment, past = state["table"], state["moment"], state["past"]
    size = state["bytes"] if owners.get(state["physical"], table.id) == table.id else 0
    active = size if past is None else 0
    retained = size if past is not None and state["physical"] in used else 0
    protected = past is not None and not table.transient and moment < past + FAILSAFE
    failsafe = size if protected and not retained else 0
    schema = records.get(table.parent)
    database = records.get(schema.parent) if schema is not None else None
    yield (
        table.id, table.name, table.parent, schema.name if schema else None, database.id if database else None,
        database.name if database else None, groups.get(table.id, table.id), "YES" if table.transient else "NO",
        active, state["deleted"].get(table.id, 0), failsafe, retained, state["dropped"] is not None,
        table.created_on, table.dropped_on, past,
        schema.created_on if schema else None, schema.dropped_on if schema else None,
        database.created_on if database else None, database.dropped_on if database else None, table.comment or None,
        None, 0, 0, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip


# -- DATABASE_STORAGE_USAGE_HISTORY -------------------------------------------------------------------------------
def databases(reading: Reading, shape: Shape) -> str:
    """What each database took up on average on each whole day (account-usage/database_storage_usage_history)."""
    rows = list(_days(reading, reading.late(shape)))
    columns = {name: shape.columns[name] for name in shape.columns}
    live = f'SELECT {shape.select()} FROM "{reading.rows(columns, rows)}"'
    return f"{kept(reading, shape)} UNION ALL {live}"


def _days(reading: Reading, until: datetime) -> Iterator[tuple[Any, ...]]:
    account = reading.account
    with account.catalog.lock:
        records = account.usage.versions.as_of(until, Database, Schema, Table)
    samples = _samples(account, reading.now)
    owners = _owners(samples)
    first = min((taken[0][0] for taken in samples.values()), default=until)
    day = max(first, until - YEAR).date()
    while (end := datetime.combine(day, time(), UTC) + DAY) <= until:
        begin = end - DAY
        totals: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for table in records.values():
            if isinstance(table, Table) and (place := records.get(table.parent)) is not None:
                held, protected = _average(account, records, table, samples, (begin, end), owners=owners)
                totals[place.parent][0] += held
                totals[place.parent][1] += protected
        for database_id, (held, failsafe) in sorted(totals.items()):
            database = records.get(database_id)
            if isinstance(database, Database) and held + failsafe > 0:
                yield (day, database.id, database.name, database.dropped_on, held, failsafe, 0, 0, 0, 0, 0)
        day += DAY


def _average(
    account: Account,
    records: dict[int, Record],
    table: Table,
    samples: Samples,
    window: tuple[datetime, datetime],
    *,
    owners: dict[str, int],
) -> tuple[float, float]:
    """The table's bytes, and those in Fail-safe, each as long as they were there, over the length of the window."""
    begin, end = window
    dropped = _dropped(records, table)
    gone = dropped + timedelta(days=retention_days(account, table)) if dropped is not None else end
    until = min(end, gone)
    taken = samples.get(table.id, [])
    total = 0.0
    for index, (measured, physical, size) in enumerate(taken):
        start = max(begin, measured)
        stop = min(until, taken[index + 1][0] if index + 1 < len(taken) else until)
        if stop > start and owners.get(physical) == table.id:
            total += size * (stop - start).total_seconds()
    length = (end - begin).total_seconds()
    protected = 0.0
    if taken and dropped is not None and not table.transient and owners.get(taken[-1][1]) == table.id:
        seconds = (min(end, gone + FAILSAFE) - max(begin, gone)).total_seconds()
        protected = taken[-1][2] * max(seconds, 0.0)
    return total / length, protected / length
