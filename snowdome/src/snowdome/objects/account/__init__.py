"""The account: its parameters."""

from __future__ import annotations

from snowdome.objects.account import handlers, statements
from snowdome.objects.account.privileges import GLOBAL
from snowdome.objects.kind import Kind
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.policy_assignments.statements import AccountPolicy
from snowdome.sql.grammar.parameters import ACCOUNT_OPTIONS

KIND = Kind(
    name="ACCOUNT",
    alter=statements.alter_account,
    altered_with=ACCOUNT_OPTIONS,
    handlers={**handlers.HANDLERS, AccountPolicy: policy_assignments.account_policy},
    privileges=GLOBAL,
    has_comment=False,
)
