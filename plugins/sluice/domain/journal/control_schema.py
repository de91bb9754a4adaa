"""Names in the control database: where the journals, the locks and the tags lie.

Each environment writes a journal of its own, which no other environment's role may write; the administrator writes
JOURNAL. The view EVENTS reads them all.
"""

from __future__ import annotations

import re

from sluice.domain.names import Identifier, Qualified

CONTROL = Identifier("CONTROL")
TAGS = Identifier("TAGS")
JOURNAL = Identifier("JOURNAL")
METER = Identifier("METER")
EVENTS = Identifier("EVENTS")
VIEWS = (EVENTS, Identifier("ENVIRONMENTS"), Identifier("DEPLOYMENTS"), Identifier("AUDIT"))
"""The first reads the journals, the others read the first."""
VERSION = 2
"""Of the control schema that this code writes. 1: one journal, into which every environment's role could write."""
_OF_AN_ENVIRONMENT = "JOURNAL_"
_SAYS_VERSION = re.compile(r"control schema version (\d+)")


def lock_schema(environment: str) -> Identifier:
    """Return the schema that holds the lock of one environment: who may write there may take it, nobody else."""
    return Identifier.parse(f"LOCK_{environment}", "environment")


def control_warehouse(control: Identifier) -> Identifier:
    """Return the warehouse that sluice itself looks with: the smallest, no environment's."""
    return Identifier(f"{control}_WH")


def journal_table(control: Identifier) -> Qualified:
    """Return the administrator's journal."""
    return Qualified(control, CONTROL, JOURNAL)


def environment_journal(control: Identifier, environment: str) -> Qualified:
    """Return the journal that the environment's own role writes, and no other environment's."""
    return Qualified(control, CONTROL, Identifier.parse(f"{_OF_AN_ENVIRONMENT}{environment}", "environment"))


def is_environment_journal(name: Qualified) -> bool:
    """Return whether it is the journal of an environment."""
    return name.schema == CONTROL and name.name is not None and name.name.name.startswith(_OF_AN_ENVIRONMENT)


def whose(journal: Qualified) -> str:
    """Return the environment that writes a journal, in capitals."""
    return str(journal.name).removeprefix(_OF_AN_ENVIRONMENT)


def version_comment() -> str:
    """Return the comment of the schema CONTROL, which says its version."""
    return f"sluice: control schema version {VERSION}"


def version_of(comment: str | None) -> int:
    """Return the version that the comment of the schema CONTROL says; before there were versions it said nothing."""
    said = _SAYS_VERSION.search(comment or "")
    return int(said[1]) if said else 1


def meter_table(control: Identifier) -> Qualified:
    """Return the table of the meter's samples."""
    return Qualified(control, CONTROL, METER)


def tag_name(control: Identifier, tag: Identifier) -> Qualified:
    """Return a tag's full name."""
    return Qualified(control, TAGS, tag)
