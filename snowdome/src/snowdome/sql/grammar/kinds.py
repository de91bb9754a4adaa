"""Kinds of objects in the singular and the plural, as GRANT, SHOW and COMMENT write them."""

from __future__ import annotations

from snowdome.sql.grammar.cursor import Cursor

PLURALS = {
    "TABLE": "TABLES",
    "VIEW": "VIEWS",
    "SCHEMA": "SCHEMAS",
    "DATABASE": "DATABASES",
    "WAREHOUSE": "WAREHOUSES",
    "ROLE": "ROLES",
    "DATABASE ROLE": "DATABASE ROLES",
    "USER": "USERS",
    "TAG": "TAGS",
    "RESOURCE MONITOR": "RESOURCE MONITORS",
    "SEQUENCE": "SEQUENCES",
    "STAGE": "STAGES",
    "FILE FORMAT": "FILE FORMATS",
    "FUNCTION": "FUNCTIONS",
    "PROCEDURE": "PROCEDURES",
    "STREAM": "STREAMS",
    "TASK": "TASKS",
    "PIPE": "PIPES",
    "ALERT": "ALERTS",
    "DYNAMIC TABLE": "DYNAMIC TABLES",
    "EXTERNAL TABLE": "EXTERNAL TABLES",
    "EXTERNAL FUNCTION": "EXTERNAL FUNCTIONS",
    "EXTERNAL ACCESS INTEGRATION": "EXTERNAL ACCESS INTEGRATIONS",
    "EVENT TABLE": "EVENT TABLES",
    "HYBRID TABLE": "HYBRID TABLES",
    "ICEBERG TABLE": "ICEBERG TABLES",
    "MATERIALIZED VIEW": "MATERIALIZED VIEWS",
    "MASKING POLICY": "MASKING POLICIES",
    "ROW ACCESS POLICY": "ROW ACCESS POLICIES",
    "SESSION POLICY": "SESSION POLICIES",
    "PASSWORD POLICY": "PASSWORD POLICIES",
    "NETWORK POLICY": "NETWORK POLICIES",
    "NETWORK RULE": "NETWORK RULES",
    "AGGREGATION POLICY": "AGGREGATION POLICIES",
    "JOIN POLICY": "JOIN POLICIES",
    "PROJECTION POLICY": "PROJECTION POLICIES",
    "AUTHENTICATION POLICY": "AUTHENTICATION POLICIES",
    "SECRET": "SECRETS",
    "INTEGRATION": "INTEGRATIONS",
    "SHARE": "SHARES",
    "STREAMLIT": "STREAMLITS",
    "NOTEBOOK": "NOTEBOOKS",
    "GIT REPOSITORY": "GIT REPOSITORIES",
    "IMAGE REPOSITORY": "IMAGE REPOSITORIES",
    "SERVICE": "SERVICES",
    "COMPUTE POOL": "COMPUTE POOLS",
    "FAILOVER GROUP": "FAILOVER GROUPS",
    "REPLICATION GROUP": "REPLICATION GROUPS",
    "BACKUP POLICY": "BACKUP POLICIES",
    "BACKUP SET": "BACKUP SETS",
    "STORAGE LIFECYCLE POLICY": "STORAGE LIFECYCLE POLICIES",
    "SEMANTIC VIEW": "SEMANTIC VIEWS",
    "MODEL": "MODELS",
    "DATASET": "DATASETS",
    "CONNECTION": "CONNECTIONS",
    "APPLICATION": "APPLICATIONS",
    "APPLICATION PACKAGE": "APPLICATION PACKAGES",
    "APPLICATION ROLE": "APPLICATION ROLES",
}
KNOWN = frozenset(PLURALS) | {
    "EXTERNAL FUNCTION", "EXTERNAL VOLUME", "AGGREGATE FUNCTION", "API INTEGRATION", "STORAGE INTEGRATION",
    "SECURITY INTEGRATION", "NOTIFICATION INTEGRATION", "CATALOG INTEGRATION", "EXTERNAL ACCESS INTEGRATION",
    "MANAGED ACCOUNT", "ACCOUNT", "ORGANIZATION ACCOUNT", "CORTEX SEARCH SERVICE", "DATA METRIC FUNCTION",
    "LISTING", "ORGANIZATION PROFILE", "PACKAGES POLICY", "JOIN POLICY", "FEATURE POLICY", "PRIVACY POLICY",
    "SNAPSHOT", "SNAPSHOT POLICY", "SNAPSHOT SET", "INTERACTIVE TABLE", "INTERACTIVE WAREHOUSE", "AGENT", "WORKSPACE",
    "CONTACT", "GATEWAY", "TYPE", "PROVISIONED THROUGHPUT",
}  # fmt: skip
"""Kinds that Snowflake knows: those that snowdome has not are refused by name."""
MODIFIERS = ("TRANSIENT", "TEMPORARY", "TEMP", "VOLATILE", "LOCAL", "GLOBAL", "SECURE", "RECURSIVE", "ADAPTIVE")
"""Words between CREATE and the kind."""
SINGULARS = {plural: singular for singular, plural in PLURALS.items()}
_ACCOUNT_KINDS = frozenset({
    "DATABASE", "WAREHOUSE", "ROLE", "USER", "RESOURCE MONITOR", "INTEGRATION", "SHARE", "COMPUTE POOL",
    "FAILOVER GROUP", "REPLICATION GROUP", "NETWORK POLICY", "CONNECTION", "APPLICATION", "APPLICATION PACKAGE",
    "EXTERNAL ACCESS INTEGRATION",
})  # fmt: skip


def most_parts(kind: str) -> int:
    """How many parts a name of this kind can have."""
    if kind in _ACCOUNT_KINDS:
        return 1
    return 2 if kind in ("SCHEMA", "DATABASE ROLE") else 3


def singular(cursor: Cursor) -> str | None:
    """A kind in the singular if written here, taken; the longest that fits."""
    return _longest(cursor, PLURALS)


def plural(cursor: Cursor) -> str | None:
    """A kind in the plural if written here, taken, and said in the singular."""
    found = _longest(cursor, SINGULARS)
    return SINGULARS[found] if found else None


def _longest(cursor: Cursor, known: dict[str, str]) -> str | None:
    for length in (3, 2, 1):
        words = [cursor.peek(i).value for i in range(length)]
        if " ".join(words) in known and cursor.peek(length).text != "." and cursor.accept(*words):
            return " ".join(words)
    return None
