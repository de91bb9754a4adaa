"""Which statements are served, with which properties: read off the grammar itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from snowdome.sql.grammar import BY_KIND, parameters, policies, tables, verbs, warehouses
from snowdome.sql.grammar.options import Options

SERVED, DATA, REFUSED = "served", "data side", "refused by name"
# where a module has more than one set of properties, or one for several kinds
PROPERTIES: dict[tuple[str, str], Options] = {
    ("CREATE", "WAREHOUSE"): warehouses.OPTIONS,
    ("ALTER", "WAREHOUSE"): warehouses.ALTERED,
    ("ALTER", "TABLE"): tables.OPTIONS,
    ("ALTER", "VIEW"): tables.VIEW_OPTIONS,
    ("ALTER", "SESSION"): parameters.SESSION_OPTIONS,
    ("ALTER", "ACCOUNT"): parameters.ACCOUNT_OPTIONS,
    **{("CREATE", kind): options for kind, options in policies.OPTIONS.items()},
    **{("ALTER", kind): policies.settable(kind) for kind in policies.OPTIONS},
}
WITH_PROPERTIES = ("CREATE", "ALTER")


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
            options = _options(verb, kind, reader)
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


def _options(verb: str, kind: str, reader: Callable[..., object]) -> Options | None:
    """The properties that the reader of the statement knows: those of its module for that kind of object."""
    if verb not in WITH_PROPERTIES or (kind == "TABLE" and verb == "CREATE"):
        return None
    if (verb, kind) in PROPERTIES:
        return PROPERTIES[verb, kind]
    module = vars(sys.modules[reader.__module__])
    found = [one for one in module.values() if isinstance(one, Options)]
    for group in module.values():
        if isinstance(group, dict):
            found += [one for one in group.values() if isinstance(one, Options)]
    return next((one for one in found if one.kind == kind), None)
