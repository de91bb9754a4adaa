"""A dbt project as dbt parsed it for one environment: what it makes and where, what it reads, which macros it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedNode:
    """One model, seed, snapshot, function or test, as far as its place and its text matter."""

    id: str
    kind: str
    package: str
    name: str
    path: str
    """The file it is written in."""
    database: str
    """As the account keeps it, as are schema and relation: in capitals, unless dbt puts quotes around it."""
    schema: str
    relation: str
    materialized: str
    stored: bool
    """Of a test: whether its failures are kept in a table, by its own setting."""
    fixed: bool
    """Of a snapshot: whether it says `target_schema`, which dbt takes as it is."""
    hooks: int
    reads: tuple[str, ...]
    """Ids of the nodes and sources it depends on."""
    refs_in_text: tuple[str, ...]
    """Names of models whose `{{ ref() }}` stands in its text as it is: the text will have what ref() returns."""

    @property
    def makes(self) -> bool:
        """Whether a build leaves something of it in the database."""
        if self.kind == "test":
            return self.stored
        return self.kind in {"model", "seed", "snapshot", "function"} and self.materialized != "ephemeral"


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """One table that the project reads and does not make."""

    id: str
    name: str
    path: str
    database: str
    schema: str
    relation: str


@dataclass(frozen=True, slots=True)
class ParsedProject:
    """All of it, by id."""

    name: str
    nodes: Mapping[str, ParsedNode]
    sources: Mapping[str, ParsedSource]
    macros: frozenset[str]
    """`package.name` of each."""
    operations: tuple[str, ...]
    """The hooks on-run-start and on-run-end, of the project and of its packages."""

    def built_nodes(self) -> list[ParsedNode]:
        """Return the nodes of which a build leaves something, in the order of their ids."""
        return [node for _, node in sorted(self.nodes.items()) if node.makes]

    def overrides_ref(self, package: str) -> bool:
        """Tell whether ref() in a package's models is the project's own macro, or the package's."""
        return f"{self.name}.ref" in self.macros or f"{package}.ref" in self.macros

    def used_sources(self) -> list[ParsedSource]:
        """Return the sources that something of the project reads."""
        used = {key for node in self.nodes.values() for key in node.reads}
        return [source for key, source in sorted(self.sources.items()) if key in used]
