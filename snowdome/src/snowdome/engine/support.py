"""Which statements are served, with which properties: folded from the kinds of objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snowdome.engine.statements import STATEMENTS, Statements
from snowdome.objects.kind import data_create, data_statement
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.options import Options

SERVED, DATA, REFUSED = "served", "data side", "refused by name"


@dataclass(frozen=True, slots=True)
class Row:
    """One statement, whether it is served, and which of its properties are served and refused."""

    statement: str
    supported: str
    properties: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def rows(statements: Statements = STATEMENTS) -> Iterator[Row]:
    """Return every statement that Snowflake's account side has, as far as its kinds of objects are known."""
    for verb, known in ({"CREATE": statements.creators} | dict(statements.readers)).items():
        for name, reader in known.items():
            options = _options(statements, verb, name)
            yield Row(
                f"{verb} {name}",
                DATA if reader in (data_statement, data_create) else SERVED,
                tuple(sorted(options.readers)) if options else (),
                tuple(sorted(options.refused)) if options else (),
            )
        if verb != "UNDROP":
            yield from (Row(f"{verb} {name}", REFUSED) for name in sorted(vocabulary.KNOWN - set(known)))
    yield from (Row(verb, SERVED) for verb in statements.whole)


def _options(statements: Statements, verb: str, name: str) -> Options | None:
    """Return the properties that the statement takes."""
    kind = statements.kinds[name]
    return {"CREATE": kind.created_with, "ALTER": kind.altered_with}.get(verb)
