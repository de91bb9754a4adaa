"""What a database holds: relations with kind, rows, last change and columns; and how two such pictures differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """One table or view as the information schema shows it."""

    kind: str
    """`TABLE`, `VIEW`, or whatever else the account calls it."""
    rows: int | None
    """None where the account keeps no count, as for views."""
    altered: str
    """Last change, as text: only equality is asked of it."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and type, in order."""


Inventory = Mapping[str, Relation]
"""`SCHEMA.NAME` → relation, names as the account keeps them."""


def to_json(inventory: Inventory) -> dict[str, list[object]]:
    """Return the picture as the journal keeps it: without columns, which a clone cannot change."""
    return {name: [relation.kind, relation.rows, relation.altered] for name, relation in inventory.items()}


def from_json(value: object) -> dict[str, Relation]:
    """Return the picture that `to_json` wrote."""
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name): Relation(str(kind), int(rows) if rows is not None else None, str(altered))
        for name, (kind, rows, altered) in value.items()
    }


def foreign_changes(recorded: Inventory, now: Inventory) -> tuple[str, ...]:
    """Return what someone else did to a database since it was recorded, one line per relation."""
    lines = [f"{name}: created" for name in now.keys() - recorded.keys()]
    lines += [f"{name}: dropped" for name in recorded.keys() - now.keys()]
    for name in recorded.keys() & now.keys():
        before, after = recorded[name], now[name]
        if before.rows != after.rows:
            lines.append(f"{name}: {before.rows} rows became {after.rows}")
        elif (before.kind, before.altered) != (after.kind, after.altered):
            lines.append(f"{name}: altered at {after.altered}")
    return tuple(sorted(lines))


def missing_from_clone(source: Inventory, clone: Inventory) -> tuple[str, ...]:
    """Return what a clone lacks: Snowflake leaves out, silently, what the cloning role may not read."""
    lines = [f"{name}: not in the clone" for name in source.keys() - clone.keys()]
    lines += [
        f"{name}: {source[name].rows} rows, in the clone {clone[name].rows}"
        for name in source.keys() & clone.keys()
        if source[name].rows != clone[name].rows
    ]
    return tuple(sorted(lines))


def arrived(recorded: Inventory, now: Inventory) -> dict[str, int | None]:
    """Return the rows that came into each table since it was recorded; None for a new relation without a count."""
    arrived_rows: dict[str, int | None] = {}
    for name, after in now.items():
        before = recorded.get(name)
        if before is None:
            arrived_rows[name] = after.rows
        elif before.rows is not None and after.rows is not None and after.rows != before.rows:
            arrived_rows[name] = after.rows - before.rows
    return dict(sorted(arrived_rows.items()))


def without(inventory: Inventory, names: Iterable[str]) -> dict[str, Relation]:
    """Return the picture without these relations."""
    excluded = set(names)
    return {name: relation for name, relation in inventory.items() if name not in excluded}
