"""The binder as those see it who answer a part of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlglot import Expr

    from snowdome.query.account import Account
    from snowdome.query.bound import Bound
    from snowdome.security.resolve import Context


class Binding(Protocol):
    """The binding of one statement or of one view's query."""

    account: Account
    context: Context
    bound: Bound
    masking: frozenset[int]

    def bind(self, expression: Expr) -> Expr:
        """Return the expression with physical names."""

    def nested(self, context: Context, *, masking: frozenset[int] = frozenset()) -> Binding:
        """Return a binder of names that mean something in that context."""
