"""Everything that a database holds, of every kind; and what of it would be gone once another stands in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

RELATIONS = frozenset({
    "TABLE", "VIEW", "MATERIALIZED VIEW", "DYNAMIC TABLE", "EXTERNAL TABLE", "HYBRID TABLE", "ICEBERG TABLE",
    "EVENT TABLE",
})  # fmt: skip
"""Kinds that share one space of names: a model may become a view instead of a table."""


@dataclass(frozen=True, slots=True, order=True)
class ContainedObject:
    """One object in a database."""

    kind: str
    """As Snowflake calls it: `TABLE`, `FILE FORMAT`, `DATABASE ROLE`, …"""
    name: str
    """`SCHEMA.NAME`, with the types of the arguments where a name can stand for several; a schema's name alone."""

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"

    @property
    def place(self) -> tuple[str, str]:
        """The space of names that it is in, and its name there."""
        return ("RELATION" if self.kind in RELATIONS else self.kind, self.name)


def vanishing(
    live: Iterable[ContainedObject], incoming: Iterable[ContainedObject], *, removed: Collection[str] = ()
) -> tuple[ContainedObject, ...]:
    """Return what live holds and the incoming database does not, without the relations that a release removes."""
    there = {thing.place for thing in incoming}
    return tuple(
        sorted(
            thing
            for thing in live
            if thing.place not in there and not (thing.kind in RELATIONS and thing.name in removed)
        )
    )


def of_kinds(contents: Iterable[ContainedObject], kinds: Collection[str]) -> dict[str, list[str]]:
    """Return the names of what is of these kinds, by kind; a kind of which there is nothing is left out."""
    names: dict[str, list[str]] = {}
    for thing in sorted(contents):
        if thing.kind in kinds:
            names.setdefault(thing.kind, []).append(thing.name)
    return names
