"""The account with its access control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.security import access
from snowdome.state import account as below
from snowdome.state.records import Record, Role

if TYPE_CHECKING:
    from snowdome.security.resolve import Context
    from snowdome.state.session import Session


class Account(below.Account):
    """Who may see and do what."""

    def may_see(self, context: Context, record: Record) -> bool:
        """Whether the one who asks may know that the record exists."""
        return context.applies or access.may_see(self, context.session, record, owner=context.owner)

    def require(self, context: Context, privilege: str, record: Record) -> None:
        """The one who asks has that privilege on the record, or Snowflake's refusal is raised."""
        access.check(self, context.session, privilege, record, owner=context.owner)

    def role_name(self, session: Session) -> str:
        """The name of the session's role."""
        return self.catalog.get(Role, session.role).name
