"""Warehouses."""

from __future__ import annotations

from functools import partial

from snowdome.objects.kind import Kind
from snowdome.objects.listing import describe_itself
from snowdome.objects.warehouses import handlers, show, statements

KIND = Kind(
    name="WAREHOUSE",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    modifiers=frozenset({"ADAPTIVE"}),
    created_with=statements.OPTIONS,
    altered_with=statements.ALTERED,
    handlers=handlers.HANDLERS,
    privileges=("APPLYBUDGET", "MODIFY", "MONITOR", "OPERATE", "USAGE"),
    future_grants=False,
    show=show.show,
    has_terse=False,
    has_history=False,
    describe=partial(describe_itself, kind="WAREHOUSE"),
)
