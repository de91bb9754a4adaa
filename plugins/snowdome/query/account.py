"""The account as queries see it: with its compiled views and its information schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.usage import account as below

if TYPE_CHECKING:
    from snowdome.query.information_schema import InformationSchema
    from snowdome.query.views import Views


class Account(below.Account):
    """Everything that a statement can be bound to."""

    views: Views
    information_schema: InformationSchema
