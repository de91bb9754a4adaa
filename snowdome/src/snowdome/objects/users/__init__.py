"""Users."""

from __future__ import annotations

from snowdome.objects.kind import Kind
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.policy_assignments.statements import UserPolicy
from snowdome.objects.users import handlers, show, statements, tokens

KIND = Kind(
    name="USER",
    create=statements.create,
    alter=statements.alter,
    drop=statements.drop,
    created_with=statements.OPTIONS,
    altered_with=statements.OPTIONS,
    handlers={**handlers.HANDLERS, **tokens.HANDLERS, UserPolicy: policy_assignments.user_policy},
    privileges=("APPLY SESSION POLICY", "MODIFY PROGRAMMATIC AUTHENTICATION METHODS", "MONITOR"),
    show=show.show,
    has_history=False,
    describe=show.describe,
)
