"""Privileges by kind of object, folded from the kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from snowdome.objects import KINDS
from snowdome.objects.kind import Kind
from snowdome.objects.tables.privileges import PRIVILEGES as TABLE_PRIVILEGES

UNSERVED: Mapping[str, tuple[str, ...]] = {
    "EXTERNAL TABLE": ("SELECT", "REFERENCES"),
    "EVENT TABLE": ("SELECT", "INSERT", "DELETE", "TRUNCATE", "REFERENCES", "APPLYBUDGET"),
    "ICEBERG TABLE": TABLE_PRIVILEGES,
    "MATERIALIZED VIEW": ("SELECT", "REFERENCES", "APPLYBUDGET"),
    "SEMANTIC VIEW": ("SELECT", "REFERENCES", "MONITOR"),
    "FUNCTION": ("USAGE",),
    "PROCEDURE": ("USAGE",),
    "ALERT": ("MONITOR", "OPERATE", "APPLYBUDGET"),
    "ROW ACCESS POLICY": ("APPLY",),
    "PASSWORD POLICY": ("APPLY",),
    "SECRET": ("USAGE", "READ"),
    "STREAMLIT": ("USAGE",),
    "NOTEBOOK": ("USAGE",),
}
"""Privileges on kinds that Snowflake has and snowdome does not."""


def of(kinds: Iterable[Kind]) -> Mapping[str, tuple[str, ...]]:
    """Return the privileges on those kinds, and on those that only Snowflake has, by kind."""
    return {**UNSERVED, **{kind.name: kind.privileges for kind in kinds if kind.privileges}}


PRIVILEGES = of(KINDS)
WITHOUT_FUTURE = frozenset(
    {"ROW ACCESS POLICY", "PASSWORD POLICY", *(kind.name for kind in KINDS if not kind.future_grants)}
)


NOT_IN_ALL = frozenset({"IMPORTED PRIVILEGES", "REFERENCE_USAGE"})


WORDS = frozenset({"ALL", "OWNERSHIP", "CREATE", *(p.split()[0] for held in PRIVILEGES.values() for p in held)})
"""What the name of a privilege begins with; any other word there is a syntax error."""


def every(kind: str) -> tuple[str, ...]:
    """What ALL means on that kind of object; the grants of a container are never managed by the way."""
    alone = NOT_IN_ALL if kind == "ACCOUNT" else NOT_IN_ALL | {"MANAGE GRANTS"}
    return tuple(p for p in PRIVILEGES.get(kind, ()) if p not in alone)


def known(privilege: str, kind: str) -> bool:
    """Whether the privilege exists on that kind of object."""
    return privilege == "OWNERSHIP" or privilege in PRIVILEGES.get(kind, ())
