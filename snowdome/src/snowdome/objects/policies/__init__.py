"""Masking, session and network policies, and network rules."""

from __future__ import annotations

from functools import partial

from snowdome.objects.kind import Kind
from snowdome.objects.policies import handlers, show, statements

PRIVILEGES = {
    statements.MASKING: ("APPLY",),
    statements.SESSION: ("APPLY",),
    statements.NETWORK: ("USAGE",),
    statements.RULE: ("USAGE",),
}
IN_SCHEMA = frozenset({statements.MASKING, statements.SESSION})


def _kind(name: str) -> Kind:
    """Return the kind of policies of that name: all are read and kept alike."""
    return Kind(
        name=name,
        create=statements.CREATE[name],
        alter=statements.ALTER[name],
        drop=statements.DROP[name],
        created_with=statements.OPTIONS[name],
        altered_with=statements.settable(name),
        handlers=handlers.HANDLERS,
        privileges=PRIVILEGES[name],
        future_grants=name == statements.NETWORK,
        show=show.show,
        has_terse=name in IN_SCHEMA,
        has_history=name in IN_SCHEMA,
        describe=partial(show.describe, kind=name),
    )


MASKING_POLICY = _kind(statements.MASKING)
SESSION_POLICY = _kind(statements.SESSION)
NETWORK_POLICY = _kind(statements.NETWORK)
NETWORK_RULE = _kind(statements.RULE)
