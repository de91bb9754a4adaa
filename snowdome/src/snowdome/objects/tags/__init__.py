"""Tags."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.policy_assignments.statements import MaskTag
from snowdome.objects.tags import handlers, show, statements

KIND = Kind(
    name="TAG",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    undrop=statements.undrop,
    handlers={**handlers.HANDLERS, MaskTag: policy_assignments.mask_tag},
    privileges=("APPLY", "READ", "APPLYBUDGET"),
    future_grants=False,
    show=show.show,
    has_terse=False,
)
