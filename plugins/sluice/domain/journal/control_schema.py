"""Names in the control database: where the journal, the locks and the tags lie."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified

CONTROL = Identifier("CONTROL")
TAGS = Identifier("TAGS")
JOURNAL = Identifier("JOURNAL")
METER = Identifier("METER")
VIEWS = (Identifier("ENVIRONMENTS"), Identifier("DEPLOYMENTS"), Identifier("AUDIT"))


def lock_schema(environment: str) -> Identifier:
    """Return the schema that holds the lock of one environment: who may write there may take it, nobody else."""
    return Identifier.parse(f"LOCK_{environment}", "environment")


def control_warehouse(control: Identifier) -> Identifier:
    """Return the warehouse that sluice itself looks with: the smallest, no environment's."""
    return Identifier(f"{control}_WH")


def journal_table(control: Identifier) -> Qualified:
    """Return the journal's table."""
    return Qualified(control, CONTROL, JOURNAL)


def meter_table(control: Identifier) -> Qualified:
    """Return the table of the meter's samples."""
    return Qualified(control, CONTROL, METER)


def tag_name(control: Identifier, tag: Identifier) -> Qualified:
    """Return a tag's full name."""
    return Qualified(control, TAGS, tag)
