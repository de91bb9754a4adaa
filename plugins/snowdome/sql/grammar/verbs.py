"""Which statements there are: verb and kind → its parser, the data side, or a refusal by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from snowdome.sql.grammar import (
    automata,
    automata_alter,
    calls,
    databases,
    grants,
    kinds,
    monitors,
    policies,
    protection,
    roles,
    schemas,
    session,
    show,
    tables,
    tagging,
    users,
    warehouses,
)
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.session import SessionStatement
from snowdome.sql.grammar.show import ShowStatement

Statement = (
    warehouses.WarehouseStatement
    | databases.DatabaseStatement
    | schemas.SchemaStatement
    | tables.TableStatement
    | roles.RoleStatement
    | users.UserStatement
    | grants.GrantStatement
    | tagging.TagStatement
    | monitors.MonitorStatement
    | policies.PolicyStatement
    | automata.AutomatonStatement
    | protection.ProtectionStatement
    | calls.CallWait
    | SessionStatement
    | ShowStatement
)
Creator = Callable[[Cursor, How, frozenset[str]], Statement | None]
Reader = Callable[[Cursor], Statement | None]


def data(cursor: Cursor) -> None:
    """The data side reads this one."""


def data_create(cursor: Cursor, how: How, words: frozenset[str]) -> None:
    """The data side reads this one."""


CREATE: Mapping[str, Creator] = {
    "WAREHOUSE": warehouses.create,
    "DATABASE": databases.create,
    "SCHEMA": schemas.create,
    "TABLE": tables.create,
    "HYBRID TABLE": tables.create_hybrid,
    "ROLE": roles.create,
    "DATABASE ROLE": roles.create_database_role,
    "USER": users.create,
    "TAG": tagging.create,
    "RESOURCE MONITOR": monitors.create,
    **policies.CREATE,
    "TASK": automata.create_task,
    "STREAM": automata.create_stream,
    "PIPE": automata.create_pipe,
    "DYNAMIC TABLE": automata.create_dynamic_table,
    "VIEW": data_create,
    "SEQUENCE": data_create,
    "STAGE": data_create,
    "FILE FORMAT": data_create,
}
ALTER: Mapping[str, Reader] = {
    "WAREHOUSE": warehouses.alter,
    "DATABASE": databases.alter,
    "SCHEMA": schemas.alter,
    "TABLE": tables.alter,
    "VIEW": tables.alter_view,
    "ROLE": roles.alter,
    "DATABASE ROLE": roles.alter_database_role,
    "USER": users.alter,
    "TAG": tagging.alter,
    "RESOURCE MONITOR": monitors.alter,
    **policies.ALTER,
    "TASK": automata_alter.alter_task,
    "STREAM": automata_alter.alter_stream,
    "PIPE": automata_alter.alter_pipe,
    "DYNAMIC TABLE": automata_alter.alter_dynamic_table,
    "SESSION": session.alter_session,
    "ACCOUNT": session.alter_account,
}
DROP: Mapping[str, Reader] = {
    "WAREHOUSE": warehouses.drop,
    "DATABASE": databases.drop,
    "SCHEMA": schemas.drop,
    "TABLE": tables.drop,
    "VIEW": tables.drop_view,
    "ROLE": roles.drop,
    "DATABASE ROLE": roles.drop_database_role,
    "USER": users.drop,
    "TAG": tagging.drop,
    "RESOURCE MONITOR": monitors.drop,
    **policies.DROP,
    "TASK": automata_alter.drop_task,
    "STREAM": automata_alter.drop_stream,
    "PIPE": automata_alter.drop_pipe,
    "DYNAMIC TABLE": tables.drop_dynamic_table,
    "SEQUENCE": data,
    "STAGE": data,
    "FILE FORMAT": data,
}
UNDROP: Mapping[str, Reader] = {
    "DATABASE": databases.undrop,
    "SCHEMA": schemas.undrop,
    "TABLE": tables.undrop,
    "DYNAMIC TABLE": tables.undrop_dynamic_table,
    "TAG": tagging.undrop,
}
WHOLE: Mapping[str, Reader] = {
    "CALL": calls.call,
    "GRANT": grants.grant,
    "REVOKE": grants.revoke,
    "SHOW": show.show,
    "DESCRIBE": show.describe,
    "DESC": show.describe,
    "USE": session.use,
    "COMMENT": show.comment,
}
MODIFIERS: Mapping[str, frozenset[str]] = {
    "TRANSIENT": frozenset({"DATABASE", "SCHEMA", "TABLE", "DYNAMIC TABLE"}),
    "TEMPORARY": frozenset({"TABLE", "VIEW", "STAGE", "SEQUENCE", "FILE FORMAT", "FUNCTION"}),
    "TEMP": frozenset({"TABLE", "VIEW", "STAGE", "SEQUENCE", "FILE FORMAT", "FUNCTION"}),
    "VOLATILE": frozenset({"TABLE", "VIEW"}),
    "LOCAL": frozenset({"TABLE", "VIEW"}),
    "GLOBAL": frozenset({"TABLE", "VIEW"}),
    "SECURE": frozenset({"VIEW", "FUNCTION", "PROCEDURE", "MATERIALIZED VIEW"}),
    "RECURSIVE": frozenset({"VIEW"}),
    "ADAPTIVE": frozenset({"WAREHOUSE"}),
}
KNOWN_KINDS = frozenset(kinds.PLURALS) | {
    "EXTERNAL FUNCTION", "EXTERNAL VOLUME", "AGGREGATE FUNCTION", "API INTEGRATION", "STORAGE INTEGRATION",
    "SECURITY INTEGRATION", "NOTIFICATION INTEGRATION", "CATALOG INTEGRATION", "EXTERNAL ACCESS INTEGRATION",
    "MANAGED ACCOUNT", "ACCOUNT", "ORGANIZATION ACCOUNT", "CORTEX SEARCH SERVICE", "DATA METRIC FUNCTION",
    "LISTING", "ORGANIZATION PROFILE", "PACKAGES POLICY", "JOIN POLICY", "FEATURE POLICY", "PRIVACY POLICY",
    "SNAPSHOT", "SNAPSHOT POLICY", "SNAPSHOT SET", "INTERACTIVE TABLE", "INTERACTIVE WAREHOUSE", "AGENT", "WORKSPACE",
    "CONTACT", "GATEWAY", "TYPE", "PROVISIONED THROUGHPUT",
}  # fmt: skip
"""Kinds that Snowflake knows; those without a parser are refused by name."""
