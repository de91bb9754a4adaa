"""ALTER VIEW … SET SECURE."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome.objects import properties
from snowdome.objects.tables.handlers import owned
from snowdome.objects.views.statements import SecureView
from snowdome.result import Result, status
from snowdome.security.resolve import Context
from snowdome.state.records import View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def secure(account: Account, session: Session, statement: SecureView) -> Result:
    """The view is secure, or not."""
    with account.catalog.change() as change:
        found = owned(account, Context.of(session), statement.name, "VIEW", if_exists=statement.if_exists)
        if not isinstance(found, View):
            return properties.missing(statement.name.last)
        change.put(replace(found, secure=statement.secure, altered_on=account.clock.now()))
    return status("Statement executed successfully.")
