"""What a release changes in an environment: which nodes are kept, built, removed, known from two manifests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sluice.domain.names import as_account_has, dotted

_BUILT = frozenset({"model", "seed", "snapshot"})


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a dbt manifest, as far as a deployment asks."""

    id: str
    kind: str
    schema: str
    name: str
    """The relation's name: dbt's alias."""
    materialized: str
    severity: str = "error"
    tags: tuple[str, ...] = ()
    weight: float = 1.0
    rendered: str | None = None
    """What it makes, as dbt names it in SQL: quoted where the project's `quoting` says so."""

    @property
    def relation(self) -> str | None:
        """`SCHEMA.NAME` of what it makes, spelt as the account will have it; None for what makes nothing."""
        if self.kind not in _BUILT or self.materialized == "ephemeral":
            return None
        return dotted(*as_account_has(self.rendered or f"{self.schema}.{self.name}")[-2:])


@dataclass(frozen=True, slots=True)
class Changes:
    """Models, seeds and snapshots by what happens to them, and the relations that leave."""

    kept: tuple[str, ...]
    built: tuple[str, ...]
    removed: tuple[str, ...]
    """Relations of live's release that the new one does not know, and that are dropped."""
    tests: int
    """Data tests that run with what is built."""
    history: tuple[str, ...] = ()
    """Snapshots that the new release does not know: they stay, since what they hold cannot be built again."""


def compare(
    new: Mapping[str, Node], former: Mapping[str, Node] | None, selected: Collection[str], *, full: bool
) -> Changes:
    """Return what happens to each node; without a former manifest, or on a full refresh, everything is built."""
    everything = full or former is None
    nodes = {key: node for key, node in new.items() if node.kind in _BUILT and node.materialized != "ephemeral"}
    built = {key for key in nodes if everything or key in selected}
    tests = [key for key, node in new.items() if node.kind == "test" and (everything or key in selected)]
    relations = {node.relation for node in new.values()}
    gone = [node for node in (former or {}).values() if node.relation and node.relation not in relations]
    return Changes(
        kept=tuple(sorted(nodes.keys() - built)),
        built=tuple(sorted(built)),
        removed=tuple(sorted({str(node.relation) for node in gone if node.kind != "snapshot"})),
        tests=len(tests),
        history=tuple(sorted({str(node.relation) for node in gone if node.kind == "snapshot"})),
    )
