"""The account as queries see it: with its compiled views and its information schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from snowdome.usage import account as below

if TYPE_CHECKING:
    from sqlglot import Expr

    from snowdome.query.bound import Compiled
    from snowdome.query.information_schema import InformationSchema
    from snowdome.query.time_travel import Moment
    from snowdome.state.records import View
    from snowdome.state.session import Session


class Views(Protocol):
    """The account's views, ready to be read; see `views.Views`."""

    def compiled(self, session: Session, view: View) -> Compiled:
        """Return the view as DuckDB has it, right for this moment."""

    def inline(self, session: Session, view: View, moment: Moment | None = None) -> tuple[Expr, list[str]]:
        """Return the view's query bound for this session (as of the moment), and what was registered for it."""

    def describe(self, session: Session, view: View) -> tuple[tuple[str, str], ...]:
        """Return the names and types of the columns of the view's query."""


class Account(below.Account):
    """Everything that a statement can be bound to."""

    views: Views
    information_schema: InformationSchema
