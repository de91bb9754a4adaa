"""What roles may do with a database and what lies in it, independent of the database's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One privilege of one role on the database itself (`name` empty) or on something in it."""

    grantee: str
    privilege: str
    kind: str
    """`DATABASE`, `SCHEMA`, `TABLE`, `VIEW`, …"""
    name: str
    """`SCHEMA` or `SCHEMA.NAME`, without the database."""
    grant_option: bool = False

    def __str__(self) -> str:
        return f"{self.grantee}: {self.privilege} on {self.kind.lower()} {self.name}".rstrip()


_ANY_RELATION = "RELATION"
_RELATIONS = frozenset({"TABLE", "VIEW", "MATERIALIZED_VIEW", "DYNAMIC_TABLE"})


def lost(before: Iterable[Right], after: Iterable[Right], *, removed: Collection[str] = ()) -> tuple[Right, ...]:
    """Return the rights that the swap would take away; a relation that leaves the project takes its rights with it."""
    kept = {_essence(right) for right in after}
    return tuple(sorted(right for right in before if _essence(right) not in kept and right.name not in removed))


def to_mirror(live: Iterable[Right], candidate: Iterable[Right]) -> tuple[Right, ...]:
    """Return the database-level rights that a fresh clone lacks; ownership is nobody's to hand on."""
    present = {(right.grantee, right.privilege, right.grant_option) for right in candidate if right.kind == "DATABASE"}
    return tuple(
        sorted(
            right
            for right in live
            if right.kind == "DATABASE"
            and right.privilege != "OWNERSHIP"
            and (right.grantee, right.privilege, right.grant_option) not in present
        )
    )


def visible(rights: Iterable[Right]) -> frozenset[str]:
    """Return the relations that consumers may read."""
    return frozenset(right.name for right in rights if right.privilege == "SELECT" and right.kind in _RELATIONS)


def _essence(right: Right) -> tuple[str, str, str, str]:
    """A model may change from view to table: its readers lose nothing by it."""
    kind = _ANY_RELATION if right.kind in _RELATIONS else right.kind
    return right.grantee, right.privilege, kind, right.name
