"""Names in the control database: where the journal, the locks and the tags lie."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified

CONTROL = Identifier("CONTROL")
TAGS = Identifier("TAGS")
JOURNAL = Identifier("JOURNAL")
VIEWS = (Identifier("ENVIRONMENTS"), Identifier("DEPLOYMENTS"), Identifier("AUDIT"))


def lock_schema(environment: str) -> Identifier:
    """Return the schema that holds the lock of one environment: who may write there may take it, nobody else."""
    return Identifier.parse(f"LOCK_{environment}", "environment")


def journal_table(control: Identifier) -> Qualified:
    """Return the journal's table."""
    return Qualified(control, CONTROL, JOURNAL)


def tag_name(control: Identifier, tag: Identifier) -> Qualified:
    """Return a tag's full name."""
    return Qualified(control, TAGS, tag)
