"""The table of statements and whether they are supported, read off the grammar itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from snowdome.grammar import BY_KIND, databases, monitors, parameters, roles, schemas, tables, users, verbs, warehouses
from snowdome.grammar.options import Options

SERVED, DATA, REFUSED = "served", "data side", "refused by name"
PROPERTIES: Mapping[tuple[str, str], Options] = {
    ("CREATE", "WAREHOUSE"): warehouses.OPTIONS,
    ("ALTER", "WAREHOUSE"): warehouses.ALTERED,
    ("CREATE", "DATABASE"): databases.OPTIONS,
    ("ALTER", "DATABASE"): databases.OPTIONS,
    ("CREATE", "SCHEMA"): schemas.OPTIONS,
    ("ALTER", "SCHEMA"): schemas.OPTIONS,
    ("ALTER", "TABLE"): tables.OPTIONS,
    ("ALTER", "VIEW"): tables.VIEW_OPTIONS,
    ("CREATE", "ROLE"): roles.OPTIONS,
    ("CREATE", "USER"): users.OPTIONS,
    ("ALTER", "USER"): users.OPTIONS,
    ("CREATE", "RESOURCE MONITOR"): monitors.OPTIONS,
    ("ALTER", "RESOURCE MONITOR"): monitors.OPTIONS,
    ("ALTER", "SESSION"): parameters.SESSION_OPTIONS,
    ("ALTER", "ACCOUNT"): parameters.ACCOUNT_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One statement, whether it is served, and which of its properties are served and refused."""

    statement: str
    supported: str
    properties: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def rows() -> Iterator[Row]:
    """Every statement that Snowflake's account side has, as far as the grammar knows it."""
    for verb, known in ({"CREATE": verbs.CREATE} | dict(BY_KIND)).items():
        for kind, reader in known.items():
            options = PROPERTIES.get((verb, kind))
            is_data = reader in (verbs.data, verbs.data_create)
            yield Row(
                f"{verb} {kind}",
                DATA if is_data else SERVED,
                tuple(sorted(options.readers)) if options else (),
                tuple(sorted(options.refused)) if options else (),
            )
        if verb != "UNDROP":
            yield from (Row(f"{verb} {kind}", REFUSED) for kind in sorted(verbs.KNOWN_KINDS - set(known)))
    yield from (Row(verb, SERVED) for verb in verbs.WHOLE)


def markdown() -> str:
    """The table as Markdown."""
    head = ["| Statement | Here | Properties | Refused properties |", "|---|---|---|---|"]
    body = [
        f"| {row.statement} | {row.supported} | {', '.join(row.properties)} | {', '.join(row.refused)} |"
        for row in rows()
    ]
    return "\n".join(head + body)
