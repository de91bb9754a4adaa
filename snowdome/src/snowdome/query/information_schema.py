"""INFORMATION_SCHEMA: what the catalog knows, as tables, for the one who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from snowdome import errors, types
from snowdome.query import privilege_views as views
from snowdome.result import Result
from snowdome.security import access
from snowdome.security.show_format import role_name
from snowdome.state import sizes
from snowdome.state.pipelines import DynamicTable, Pipe
from snowdome.state.records import Column, Database, Record, Schema, Sequence, Table, View
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.security.resolve import Context
    from snowdome.usage.account import Account

NAME = "INFORMATION_SCHEMA"
TEXT, NUMBER, TIME = "VARCHAR", "NUMBER(38,0)", "TIMESTAMP_LTZ(9)"
Row = dict[str, Any]


def _columns(text: str, numbers: str = "", times: str = "") -> dict[str, str]:
    """Column names and types, from words."""
    found = dict.fromkeys(text.split(), TEXT)
    return found | dict.fromkeys(numbers.split(), NUMBER) | dict.fromkeys(times.split(), TIME)


DATABASES = _columns(
    "DATABASE_NAME DATABASE_OWNER IS_TRANSIENT COMMENT CREATED LAST_ALTERED RETENTION_TIME TYPE OWNER_ROLE_TYPE",
    "RETENTION_TIME",
    "CREATED LAST_ALTERED",
)
SCHEMATA = _columns(
    "CATALOG_NAME SCHEMA_NAME SCHEMA_OWNER IS_TRANSIENT IS_MANAGED_ACCESS RETENTION_TIME "
    "DEFAULT_CHARACTER_SET_CATALOG DEFAULT_CHARACTER_SET_SCHEMA DEFAULT_CHARACTER_SET_NAME SQL_PATH CREATED "
    "LAST_ALTERED COMMENT OWNER_ROLE_TYPE",
    "RETENTION_TIME",
    "CREATED LAST_ALTERED",
)
TABLES = _columns(
    "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER TABLE_TYPE IS_TRANSIENT CLUSTERING_KEY ROW_COUNT BYTES "
    "RETENTION_TIME SELF_REFERENCING_COLUMN_NAME REFERENCE_GENERATION USER_DEFINED_TYPE_CATALOG "
    "USER_DEFINED_TYPE_SCHEMA USER_DEFINED_TYPE_NAME IS_INSERTABLE_INTO IS_TYPED COMMIT_ACTION CREATED LAST_ALTERED "
    "LAST_DDL LAST_DDL_BY AUTO_CLUSTERING_ON COMMENT IS_TEMPORARY IS_ICEBERG IS_DYNAMIC IS_IMMUTABLE IS_HYBRID",
    "ROW_COUNT BYTES RETENTION_TIME",
    "CREATED LAST_ALTERED LAST_DDL",
)
VIEWS = _columns(
    "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE INSERTABLE_INTO "
    "IS_SECURE CREATED LAST_ALTERED LAST_DDL LAST_DDL_BY COMMENT",
    "",
    "CREATED LAST_ALTERED LAST_DDL",
)
COLUMNS = _columns(
    "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE DATA_TYPE "
    "CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION NUMERIC_PRECISION_RADIX NUMERIC_SCALE "
    "DATETIME_PRECISION COLLATION_NAME IS_IDENTITY IDENTITY_GENERATION IDENTITY_START IDENTITY_INCREMENT "
    "IDENTITY_CYCLE IDENTITY_ORDERED COMMENT DATA_TYPE_ALIAS",
    "ORDINAL_POSITION CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION NUMERIC_PRECISION_RADIX "
    "NUMERIC_SCALE DATETIME_PRECISION",
)
PIPES = _columns(
    "PIPE_CATALOG PIPE_SCHEMA PIPE_NAME PIPE_OWNER DEFINITION IS_AUTOINGEST_ENABLED NOTIFICATION_CHANNEL_NAME CREATED "
    "LAST_ALTERED COMMENT PATTERN",
    "",
    "CREATED LAST_ALTERED",
)
SEQUENCES = _columns(
    "SEQUENCE_CATALOG SEQUENCE_SCHEMA SEQUENCE_NAME SEQUENCE_OWNER START_VALUE INCREMENT CREATED LAST_ALTERED COMMENT",
    "",
    "CREATED LAST_ALTERED",
)


class InformationSchema:
    """The information schema of each database."""

    def __init__(self, account: Account) -> None:
        self._account = account
        objects = _columns(views.OBJECT_PRIVILEGES, times="CREATED")
        tables = _columns(views.TABLE_PRIVILEGES, times="CREATED")
        self._counts: dict[int, tuple[Table, int]] = {}
        self._tables: dict[str, tuple[dict[str, str], Callable[[Context, Database], Iterator[Row]]]] = {
            "DATABASES": (DATABASES, self._databases),
            "SCHEMATA": (SCHEMATA, self._schemata),
            "TABLES": (TABLES, self._all_tables),
            "VIEWS": (VIEWS, self._all_views),
            "COLUMNS": (COLUMNS, self._all_columns),
            "SEQUENCES": (SEQUENCES, self._sequences),
            "PIPES": (PIPES, self._pipes),
            "ENABLED_ROLES": (_columns(views.ENABLED_ROLES), lambda c, _: views.enabled_roles(account, c)),
            "APPLICABLE_ROLES": (_columns(views.APPLICABLE_ROLES), lambda c, _: views.applicable_roles(account, c)),
            "OBJECT_PRIVILEGES": (objects, partial(views.object_privileges, account)),
            "USAGE_PRIVILEGES": (objects, partial(views.usage_privileges, account)),
            "TABLE_PRIVILEGES": (tables, partial(views.table_privileges, account)),
        }

    def table(self, context: Context, database: Database, name: str) -> pa.Table:
        """The rows of one of its views, as far as the one who asks may see."""
        described, rows = self._known(database, name)
        found = [[row.get(column) for column in described] for row in rows(context, database)]
        return Result(columns=tuple(described.items()), rows=found).arrow()

    def columns(self, database: Database, name: str) -> list[tuple[str, str]]:
        """The columns of one of its views."""
        return list(self._known(database, name)[0].items())

    def _known(
        self, database: Database, name: str
    ) -> tuple[dict[str, str], Callable[[Context, Database], Iterator[Row]]]:
        if name not in self._tables:
            raise errors.not_found("Object", f"{database.name}.{NAME}.{name}")
        return self._tables[name]

    # -- rows ---------------------------------------------------------------------------------------------------
    def _sees(self, context: Context, record: Record) -> bool:
        return access.may_see(self._account, context.session, record, owner=context.owner)

    def _owner(self, record: Record) -> str | None:
        return role_name(self._account, record.owner) or None

    def _schemas(self, context: Context, database: Database) -> list[Schema]:
        return [s for s in self._account.catalog.children(database.id, Schema) if self._sees(context, s)]

    def _databases(self, context: Context, database: Database) -> Iterator[Row]:
        del database
        for record in self._account.catalog.children(0, Database):
            if self._sees(context, record):
                yield {
                    "DATABASE_NAME": record.name,
                    "DATABASE_OWNER": self._owner(record),
                    "IS_TRANSIENT": _yes(record.transient),
                    "COMMENT": record.comment or None,
                    "CREATED": record.created_on,
                    "LAST_ALTERED": record.altered_on or record.created_on,
                    "RETENTION_TIME": retention_days(self._account, record),
                    "TYPE": "STANDARD",
                    "OWNER_ROLE_TYPE": "ROLE",
                }

    def _schemata(self, context: Context, database: Database) -> Iterator[Row]:
        for record in self._schemas(context, database):
            yield {
                "CATALOG_NAME": database.name,
                "SCHEMA_NAME": record.name,
                "SCHEMA_OWNER": self._owner(record),
                "IS_TRANSIENT": _yes(record.transient),
                "IS_MANAGED_ACCESS": _yes(record.managed),
                "RETENTION_TIME": retention_days(self._account, record),
                "CREATED": record.created_on,
                "LAST_ALTERED": record.altered_on or record.created_on,
                "COMMENT": record.comment or None,
                "OWNER_ROLE_TYPE": "ROLE",
            }
        yield {
            "CATALOG_NAME": database.name,
            "SCHEMA_NAME": NAME,
            "IS_TRANSIENT": "NO",
            "IS_MANAGED_ACCESS": "NO",
            "RETENTION_TIME": 1,
            "CREATED": database.created_on,
            "LAST_ALTERED": database.created_on,
            "COMMENT": "Views describing the contents of schemas in this database",
        }

    def _relations(self, context: Context, database: Database) -> Iterator[tuple[Schema, Table | View]]:
        hidden = context.session.temporary if context.owner is None else {}
        for schema in self._schemas(context, database):
            names = {name for parent, name in hidden if parent == schema.id}
            found = [r for r in self._account.catalog.relations(schema.id) if self._sees(context, r)]
            yield from ((schema, r) for r in found if r.name not in names)
            yield from ((schema, r) for (parent, _), r in hidden.items() if parent == schema.id)

    def _all_tables(self, context: Context, database: Database) -> Iterator[Row]:
        relations = list(self._relations(context, database))
        counts = self._row_counts(context, [r for _, r in relations if isinstance(r, Table)])
        for schema, record in relations:
            altered = record.altered_on or record.created_on
            row: Row = {
                "TABLE_CATALOG": database.name,
                "TABLE_SCHEMA": schema.name,
                "TABLE_NAME": record.name,
                "TABLE_OWNER": self._owner(record),
                "TABLE_TYPE": "VIEW",
                "CREATED": record.created_on,
                "LAST_ALTERED": altered,
                "LAST_DDL": record.last_ddl or record.created_on,
                "LAST_DDL_BY": None,
                "COMMENT": record.comment or None,
                "IS_TEMPORARY": _yes(record.temporary),
                "IS_ICEBERG": "NO",
                "IS_DYNAMIC": "NO",
                "IS_IMMUTABLE": "NO",
                "IS_HYBRID": "NO",
            }
            if isinstance(record, Table):
                row |= {
                    "IS_DYNAMIC": _yes(isinstance(record, DynamicTable)),
                    "IS_HYBRID": _yes(record.hybrid),
                    "TABLE_TYPE": "LOCAL TEMPORARY" if record.temporary else "BASE TABLE",
                    "IS_TRANSIENT": _yes(record.transient),
                    "CLUSTERING_KEY": f"LINEAR({record.cluster_by})" if record.cluster_by else None,
                    "ROW_COUNT": counts[record.id],
                    "BYTES": sizes.about(record, counts[record.id]),
                    "RETENTION_TIME": retention_days(self._account, record),
                    "IS_INSERTABLE_INTO": "YES",
                    "IS_TYPED": "YES",
                    "AUTO_CLUSTERING_ON": _yes(record.cluster_by),
                }
            yield row

    def row_counts(self, context: Context, tables: list[Table]) -> dict[int, int]:
        """How many committed rows each of the tables has."""
        return self._row_counts(context, tables)

    def _row_counts(self, context: Context, tables: list[Table]) -> dict[int, int]:
        """Counted once for each state of a table; a table that is being written is counted anew."""
        found: dict[int, int] = {}
        missing: list[tuple[Table, str]] = []
        for table in tables:
            physical = self._account.physical(context.session, table)
            known = self._counts.get(table.id)
            if (
                known is not None
                and known[0] is table  # each commit leaves a record of its own, also where the clock stands
                and not context.session.written
                and not table.temporary
            ):
                found[table.id] = known[1]
            else:
                missing.append((table, physical))
        if missing:
            union = " UNION ALL ".join(
                f'SELECT {table.id}, count(*) FROM {"temp" if table.temporary else "rows"}.main."{physical}"'
                for table, physical in missing
            )
            counted = dict(context.session.duck.execute(union).fetchall())
            found |= counted
            for table, physical in missing:
                if not table.temporary and not any(physical in s.written for s in self._account.sessions.values()):
                    self._counts[table.id] = (table, counted[table.id])
        return found

    def _all_views(self, context: Context, database: Database) -> Iterator[Row]:
        for schema, record in self._relations(context, database):
            if isinstance(record, View):
                yield {
                    "TABLE_CATALOG": database.name,
                    "TABLE_SCHEMA": schema.name,
                    "TABLE_NAME": record.name,
                    "TABLE_OWNER": self._owner(record),
                    "VIEW_DEFINITION": record.text,
                    "CHECK_OPTION": "NONE",
                    "IS_UPDATABLE": "NO",
                    "INSERTABLE_INTO": "NO",
                    "IS_SECURE": _yes(record.secure),
                    "CREATED": record.created_on,
                    "LAST_ALTERED": record.altered_on or record.created_on,
                    "LAST_DDL": record.last_ddl or record.created_on,
                    "COMMENT": record.comment or None,
                }

    def _all_columns(self, context: Context, database: Database) -> Iterator[Row]:
        for schema, record in self._relations(context, database):
            for position, column in enumerate(record.columns, start=1):
                yield _column_row(database, schema, record, position, column)

    def _pipes(self, context: Context, database: Database) -> Iterator[Row]:
        for schema in self._schemas(context, database):
            for record in self._account.catalog.children(schema.id, Pipe):
                if self._sees(context, record):
                    yield {
                        "PIPE_CATALOG": database.name,
                        "PIPE_SCHEMA": schema.name,
                        "PIPE_NAME": record.name,
                        "PIPE_OWNER": self._owner(record),
                        "DEFINITION": record.definition,
                        "IS_AUTOINGEST_ENABLED": _yes(record.auto_ingest),
                        "CREATED": record.created_on,
                        "LAST_ALTERED": record.altered_on or record.created_on,
                        "COMMENT": record.comment or None,
                    }

    def _sequences(self, context: Context, database: Database) -> Iterator[Row]:
        for schema in self._schemas(context, database):
            for record in self._account.catalog.children(schema.id, Sequence):
                yield {
                    "SEQUENCE_CATALOG": database.name,
                    "SEQUENCE_SCHEMA": schema.name,
                    "SEQUENCE_NAME": record.name,
                    "SEQUENCE_OWNER": self._owner(record),
                    "START_VALUE": str(record.start),
                    "INCREMENT": str(record.increment),
                    "CREATED": record.created_on,
                    "LAST_ALTERED": record.altered_on or record.created_on,
                    "COMMENT": record.comment or None,
                }


def _column_row(database: Database, schema: Schema, record: Table | View, position: int, column: Column) -> Row:
    kind = types.base(column.type)
    first, second = types.numbers(column.type)
    row: Row = {
        "TABLE_CATALOG": database.name,
        "TABLE_SCHEMA": schema.name,
        "TABLE_NAME": record.name,
        "COLUMN_NAME": column.name,
        "ORDINAL_POSITION": position,
        "COLUMN_DEFAULT": column.default,
        "IS_NULLABLE": _yes(column.nullable),
        "DATA_TYPE": "TEXT" if kind == "VARCHAR" else kind,
        "IS_IDENTITY": _yes(column.autoincrement),
        "COMMENT": column.comment or None,
    }
    if kind == "VARCHAR":
        length = first or types.LONGEST_TEXT
        row |= {"CHARACTER_MAXIMUM_LENGTH": length, "CHARACTER_OCTET_LENGTH": min(length * 4, types.LONGEST_TEXT)}
    elif kind == "NUMBER":
        row |= {"NUMERIC_PRECISION": first or 38, "NUMERIC_PRECISION_RADIX": 10, "NUMERIC_SCALE": second or 0}
    elif kind.startswith("TIME"):
        row["DATETIME_PRECISION"] = 9
    return row


def _yes(value: object) -> str:
    return "YES" if value else "NO"
