"""The columns of the usage views, with Snowflake's types, and how they are kept.

Snowflake's pages say NUMBER for credits; the scale of nine digits is the one they give where they give one
(sql-reference/account-usage/catalog_linked_database_usage_history).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

ACCOUNT_USAGE, ORGANIZATION_USAGE = "ACCOUNT_USAGE", "ORGANIZATION_USAGE"
TYPES = {
    "text": "VARCHAR(16777216)",
    "number": "NUMBER(38,0)",
    "credits": "NUMBER(38,9)",
    "rate": "NUMBER(38,2)",
    "usage": "NUMBER(38,3)",
    "float": "FLOAT",
    "time": "TIMESTAMP_LTZ(9)",
    "date": "DATE",
    "bool": "BOOLEAN",
    "array": "ARRAY",
    "object": "OBJECT",
    "variant": "VARIANT",
}
DUCK = {
    "text": "VARCHAR",
    "number": "BIGINT",
    "credits": "DECIMAL(38,9)",
    "rate": "DECIMAL(38,2)",
    "usage": "DECIMAL(38,3)",
    "float": "DOUBLE",
    "time": "TIMESTAMPTZ",
    "date": "DATE",
    "bool": "BOOLEAN",
    "array": "JSON",
    "object": "JSON",
    "variant": "JSON",
}
KEPT = DUCK | {"credits": "DECIMAL(18,9)", "rate": "DECIMAL(18,2)", "usage": "DECIMAL(18,3)"}
"""How a column is kept: narrower than it is shown, which makes a year of hours fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A usage view: where it is, who reads it, how late its rows are, what its columns are."""

    name: str
    schema: str = ACCOUNT_USAGE
    roles: tuple[str, ...]
    latency: timedelta
    columns: dict[str, str]
    """Name to one of the words of `TYPES`."""
    when: str = ""
    """For a history: the SQL expression over its columns that says when a row happened."""
    required: tuple[str, ...] = ()
    """For a history that can be loaded: the columns that each row must have."""

    @property
    def kept(self) -> str:
        """The table that keeps the rows, in the usage database."""
        return self.name.lower()

    def select(self, source: str = "") -> str:
        """The columns in their order and types, for the head of a SELECT."""
        prefix = f"{source}." if source else ""
        return ", ".join(f'CAST({prefix}"{c}" AS {DUCK[t]}) AS "{c}"' for c, t in self.columns.items())


def columns(text: str) -> dict[str, str]:
    """`time: A B; text: C` as names and types, in the order written; a type may come back."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        kind, _, names = part.strip().partition(":")
        found |= dict.fromkeys(names.split(), kind.strip())
    return found


def _hours(count: float) -> timedelta:
    return timedelta(hours=count)


USAGE, GOVERNANCE, SECURITY, OBJECTS = "USAGE_VIEWER", "GOVERNANCE_VIEWER", "SECURITY_VIEWER", "OBJECT_VIEWER"
BILLING = "ORGANIZATION_BILLING_VIEWER"

QUERY_HISTORY = Shape(
    name="QUERY_HISTORY",
    roles=(GOVERNANCE,),
    latency=timedelta(minutes=45),
    when="END_TIME",
    required=("QUERY_ID", "QUERY_TEXT", "START_TIME", "END_TIME", "USER_NAME", "EXECUTION_STATUS"),
    columns=columns(
        "text: QUERY_ID QUERY_TEXT; number: DATABASE_ID; text: DATABASE_NAME; number: SCHEMA_ID; "
        "text: SCHEMA_NAME QUERY_TYPE; number: SESSION_ID AUTHN_EVENT_ID; text: USER_NAME ROLE_NAME; "
        "number: WAREHOUSE_ID; text: WAREHOUSE_NAME WAREHOUSE_SIZE WAREHOUSE_TYPE; number: CLUSTER_NUMBER; "
        "text: QUERY_TAG EXECUTION_STATUS; number: ERROR_CODE; text: ERROR_MESSAGE; time: START_TIME END_TIME; "
        "number: TOTAL_ELAPSED_TIME BYTES_SCANNED; float: PERCENTAGE_SCANNED_FROM_CACHE; "
        "number: BYTES_WRITTEN BYTES_WRITTEN_TO_RESULT BYTES_READ_FROM_RESULT ROWS_PRODUCED ROWS_INSERTED "
        "ROWS_UPDATED ROWS_DELETED ROWS_UNLOADED BYTES_DELETED PARTITIONS_SCANNED PARTITIONS_TOTAL "
        "BYTES_SPILLED_TO_LOCAL_STORAGE BYTES_SPILLED_TO_REMOTE_STORAGE BYTES_SENT_OVER_THE_NETWORK "
        "COMPILATION_TIME EXECUTION_TIME QUEUED_PROVISIONING_TIME QUEUED_REPAIR_TIME QUEUED_OVERLOAD_TIME "
        "TRANSACTION_BLOCKED_TIME; text: OUTBOUND_DATA_TRANSFER_CLOUD OUTBOUND_DATA_TRANSFER_REGION; "
        "number: OUTBOUND_DATA_TRANSFER_BYTES; text: INBOUND_DATA_TRANSFER_CLOUD INBOUND_DATA_TRANSFER_REGION; "
        "number: INBOUND_DATA_TRANSFER_BYTES LIST_EXTERNAL_FILES_TIME; credits: CREDITS_USED_CLOUD_SERVICES; "
        "text: RELEASE_VERSION; number: EXTERNAL_FUNCTION_TOTAL_INVOCATIONS EXTERNAL_FUNCTION_TOTAL_SENT_ROWS "
        "EXTERNAL_FUNCTION_TOTAL_RECEIVED_ROWS EXTERNAL_FUNCTION_TOTAL_SENT_BYTES "
        "EXTERNAL_FUNCTION_TOTAL_RECEIVED_BYTES QUERY_LOAD_PERCENT; bool: IS_CLIENT_GENERATED_STATEMENT; "
        "number: QUERY_ACCELERATION_BYTES_SCANNED QUERY_ACCELERATION_PARTITIONS_SCANNED "
        "QUERY_ACCELERATION_UPPER_LIMIT_SCALE_FACTOR TRANSACTION_ID CHILD_QUERIES_WAIT_TIME; "
        "text: ROLE_TYPE QUERY_HASH; number: QUERY_HASH_VERSION; text: QUERY_PARAMETERIZED_HASH; "
        "number: QUERY_PARAMETERIZED_HASH_VERSION; text: SECONDARY_ROLE_STATS; "
        "number: ROWS_WRITTEN_TO_RESULT QUERY_RETRY_TIME; text: QUERY_RETRY_CAUSE; number: FAULT_HANDLING_TIME; "
        "text: USER_TYPE USER_DATABASE_NAME USER_DATABASE_ID USER_SCHEMA_NAME USER_SCHEMA_ID; array: BIND_VALUES; "
        "text: AGENT_TYPE"
    ),
)
QUERY_ATTRIBUTION_HISTORY = Shape(
    name="QUERY_ATTRIBUTION_HISTORY",
    roles=(USAGE, GOVERNANCE),
    latency=_hours(8),
    when="END_TIME",
    required=("QUERY_ID", "WAREHOUSE_NAME", "START_TIME", "END_TIME", "CREDITS_ATTRIBUTED_COMPUTE"),
    columns=columns(
        "text: QUERY_ID PARENT_QUERY_ID ROOT_QUERY_ID; number: WAREHOUSE_ID; text: WAREHOUSE_NAME QUERY_HASH "
        "QUERY_PARAMETERIZED_HASH QUERY_TAG USER_NAME; time: START_TIME END_TIME; "
        "float: CREDITS_ATTRIBUTED_COMPUTE CREDITS_USED_QUERY_ACCELERATION"
    ),
)
WAREHOUSE_METERING_HISTORY = Shape(
    name="WAREHOUSE_METERING_HISTORY",
    roles=(USAGE,),
    latency=_hours(3),
    when="END_TIME",
    required=("START_TIME", "END_TIME", "WAREHOUSE_NAME", "CREDITS_USED_COMPUTE"),
    columns=columns(
        "time: START_TIME END_TIME; number: WAREHOUSE_ID; text: WAREHOUSE_NAME; "
        "credits: CREDITS_USED CREDITS_USED_COMPUTE CREDITS_USED_CLOUD_SERVICES CREDITS_ATTRIBUTED_COMPUTE_QUERIES"
    ),
)
METERING_HISTORY = Shape(
    name="METERING_HISTORY",
    roles=(USAGE,),
    latency=_hours(3),
    when="END_TIME",
    required=("SERVICE_TYPE", "START_TIME", "END_TIME", "CREDITS_USED_COMPUTE"),
    columns=columns(
        "text: SERVICE_TYPE; time: START_TIME END_TIME; number: ENTITY_ID; text: ENTITY_TYPE NAME; "
        "number: DATABASE_ID; text: DATABASE_NAME; number: SCHEMA_ID; text: SCHEMA_NAME; "
        "credits: CREDITS_USED_COMPUTE CREDITS_USED_CLOUD_SERVICES CREDITS_USED; number: BYTES ROWS FILES"
    ),
)
METERING_DAILY_HISTORY = Shape(
    name="METERING_DAILY_HISTORY",
    roles=(USAGE,),
    latency=_hours(3),
    columns=columns(
        "text: SERVICE_TYPE; date: USAGE_DATE; credits: CREDITS_USED_COMPUTE CREDITS_USED_CLOUD_SERVICES "
        "CREDITS_USED CREDITS_ADJUSTMENT_CLOUD_SERVICES CREDITS_BILLED"
    ),
)
WAREHOUSE_EVENTS_HISTORY = Shape(
    name="WAREHOUSE_EVENTS_HISTORY",
    roles=(USAGE,),
    latency=_hours(3),
    when='"TIMESTAMP"',
    required=("TIMESTAMP", "WAREHOUSE_NAME", "EVENT_NAME", "EVENT_STATE"),
    columns=columns(
        "time: TIMESTAMP; number: WAREHOUSE_ID; text: WAREHOUSE_NAME; number: CLUSTER_NUMBER; "
        "text: EVENT_NAME EVENT_REASON EVENT_STATE USER_NAME ROLE_NAME QUERY_ID SIZE CLUSTER_COUNT WAREHOUSE_TYPE "
        "RESOURCE_CONSTRAINT"
    ),
)
TAG_REFERENCES = Shape(
    name="TAG_REFERENCES",
    roles=(GOVERNANCE,),
    latency=_hours(2),
    columns=columns(
        "text: TAG_DATABASE TAG_SCHEMA; number: TAG_ID; text: TAG_NAME TAG_VALUE OBJECT_DATABASE OBJECT_SCHEMA; "
        "number: OBJECT_ID; text: OBJECT_NAME; time: OBJECT_DELETED; text: DOMAIN; number: COLUMN_ID; "
        "text: COLUMN_NAME APPLY_METHOD"
    ),
)
TABLE_STORAGE_METRICS = Shape(
    name="TABLE_STORAGE_METRICS",
    roles=(USAGE,),
    latency=_hours(1.5),
    columns=columns(
        "number: ID; text: TABLE_NAME; number: TABLE_SCHEMA_ID; text: TABLE_SCHEMA; number: TABLE_CATALOG_ID; "
        "text: TABLE_CATALOG; number: CLONE_GROUP_ID; text: IS_TRANSIENT; number: ACTIVE_BYTES TIME_TRAVEL_BYTES "
        "FAILSAFE_BYTES RETAINED_FOR_CLONE_BYTES; bool: DELETED; time: TABLE_CREATED TABLE_DROPPED "
        "TABLE_ENTERED_FAILSAFE SCHEMA_CREATED SCHEMA_DROPPED CATALOG_CREATED CATALOG_DROPPED; text: COMMENT; "
        "number: INSTANCE_ID ARCHIVE_STORAGE_COOL_ACTIVE_BYTES ARCHIVE_STORAGE_COLD_ACTIVE_BYTES "
        "ARCHIVE_STORAGE_COOL_TIME_TRAVEL_BYTES ARCHIVE_STORAGE_COLD_TIME_TRAVEL_BYTES "
        "ARCHIVE_STORAGE_COOL_FAILSAFE_BYTES ARCHIVE_STORAGE_COLD_FAILSAFE_BYTES "
        "ARCHIVE_STORAGE_COOL_EARLY_DELETION_PENALTY_BYTES ARCHIVE_STORAGE_COLD_EARLY_DELETION_PENALTY_BYTES"
    ),
)
DATABASE_STORAGE_USAGE_HISTORY = Shape(
    name="DATABASE_STORAGE_USAGE_HISTORY",
    roles=(USAGE,),
    latency=_hours(3),
    when="CAST(USAGE_DATE + 1 AS TIMESTAMP) AT TIME ZONE 'UTC'",
    required=("USAGE_DATE", "DATABASE_NAME", "AVERAGE_DATABASE_BYTES"),
    columns=columns(
        "date: USAGE_DATE; number: DATABASE_ID; text: DATABASE_NAME; time: DELETED; "
        "float: AVERAGE_DATABASE_BYTES AVERAGE_FAILSAFE_BYTES AVERAGE_HYBRID_TABLE_STORAGE_BYTES "
        "AVERAGE_ARCHIVE_STORAGE_COOL_BYTES AVERAGE_ARCHIVE_STORAGE_COLD_BYTES AVERAGE_COOL_FAILSAFE_BYTES "
        "AVERAGE_COLD_FAILSAFE_BYTES"
    ),
)
ACCESS_HISTORY = Shape(
    name="ACCESS_HISTORY",
    roles=(GOVERNANCE,),
    latency=_hours(3),
    when="QUERY_START_TIME",
    required=("QUERY_ID", "QUERY_START_TIME", "USER_NAME"),
    columns=columns(
        "text: QUERY_ID; time: QUERY_START_TIME; text: USER_NAME; array: DIRECT_OBJECTS_ACCESSED "
        "BASE_OBJECTS_ACCESSED OBJECTS_MODIFIED; object: OBJECT_MODIFIED_BY_DDL; array: POLICIES_REFERENCED; "
        "text: PARENT_QUERY_ID ROOT_QUERY_ID EVENT_SOURCE; variant: ADDITIONAL_PROPERTIES INVOKER_IDENTITY; "
        "array: AGENTS_INFO"
    ),
)
LOGIN_HISTORY = Shape(
    name="LOGIN_HISTORY",
    roles=(SECURITY,),
    latency=_hours(2),
    when="EVENT_TIMESTAMP",
    required=("EVENT_TIMESTAMP", "USER_NAME", "IS_SUCCESS"),
    columns=columns(
        "number: EVENT_ID; time: EVENT_TIMESTAMP; text: EVENT_TYPE USER_NAME CLIENT_IP REPORTED_CLIENT_TYPE "
        "REPORTED_CLIENT_VERSION FIRST_AUTHENTICATION_FACTOR SECOND_AUTHENTICATION_FACTOR IS_SUCCESS; "
        "number: ERROR_CODE; text: ERROR_MESSAGE; number: RELATED_EVENT_ID; text: CONNECTION CLIENT_PRIVATE_LINK_ID "
        "FIRST_AUTHENTICATION_FACTOR_ID SECOND_AUTHENTICATION_FACTOR_ID LOGIN_DETAILS AUTHORIZING_INTEGRATION_NAME"
    ),
)
GRANTS_TO_ROLES = Shape(
    name="GRANTS_TO_ROLES",
    roles=(SECURITY,),
    latency=_hours(2),
    columns=columns(
        "time: CREATED_ON MODIFIED_ON; text: PRIVILEGE GRANTED_ON NAME TABLE_CATALOG TABLE_SCHEMA GRANTED_TO "
        "GRANTEE_NAME; bool: GRANT_OPTION; text: GRANTED_BY; time: DELETED_ON; "
        "text: GRANTED_BY_ROLE_TYPE OBJECT_INSTANCE"
    ),
)
DATABASES = Shape(
    name="DATABASES",
    roles=(OBJECTS,),
    latency=_hours(3),
    columns=columns(
        "number: DATABASE_ID; text: DATABASE_NAME DATABASE_OWNER IS_TRANSIENT COMMENT; "
        "time: CREATED LAST_ALTERED DELETED; number: RETENTION_TIME; text: RESOURCE_GROUP TYPE OWNER_ROLE_TYPE; "
        "object: OBJECT_VISIBILITY"
    ),
)
RATE_SHEET_DAILY = Shape(
    name="RATE_SHEET_DAILY",
    schema=ORGANIZATION_USAGE,
    roles=(BILLING,),
    latency=_hours(24),
    when="CAST(\"DATE\" AS TIMESTAMP) AT TIME ZONE 'UTC'",
    required=("DATE", "SERVICE_TYPE", "EFFECTIVE_RATE"),
    columns=columns(
        "date: DATE; text: ORGANIZATION_NAME CONTRACT_NUMBER ACCOUNT_NAME ACCOUNT_LOCATOR REGION SERVICE_LEVEL "
        "USAGE_TYPE CURRENCY; rate: EFFECTIVE_RATE; text: SERVICE_TYPE RATING_TYPE BILLING_TYPE; bool: IS_ADJUSTMENT"
    ),
)
USAGE_IN_CURRENCY_DAILY = Shape(
    name="USAGE_IN_CURRENCY_DAILY",
    schema=ORGANIZATION_USAGE,
    roles=(BILLING,),
    latency=_hours(72),
    columns=columns(
        "text: ORGANIZATION_NAME CONTRACT_NUMBER ACCOUNT_NAME ACCOUNT_LOCATOR REGION SERVICE_LEVEL; date: USAGE_DATE; "
        "text: USAGE_TYPE; usage: USAGE; text: CURRENCY; rate: USAGE_IN_CURRENCY; "
        "text: BALANCE_SOURCE BILLING_TYPE RATING_TYPE SERVICE_TYPE; bool: IS_ADJUSTMENT"
    ),
)
SHAPES: tuple[Shape, ...] = (
    ACCESS_HISTORY,
    DATABASES,
    DATABASE_STORAGE_USAGE_HISTORY,
    GRANTS_TO_ROLES,
    LOGIN_HISTORY,
    METERING_DAILY_HISTORY,
    METERING_HISTORY,
    QUERY_ATTRIBUTION_HISTORY,
    QUERY_HISTORY,
    TABLE_STORAGE_METRICS,
    TAG_REFERENCES,
    WAREHOUSE_EVENTS_HISTORY,
    WAREHOUSE_METERING_HISTORY,
    RATE_SHEET_DAILY,
    USAGE_IN_CURRENCY_DAILY,
)
HISTORIES = tuple(shape for shape in SHAPES if shape.when)
"""The views whose rows are kept as such, live or loaded; the others are made from them or from the catalog."""
