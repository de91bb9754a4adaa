"""The account with the histories of its use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.warehouses import account as below

if TYPE_CHECKING:
    from snowdome.usage.recorder import Usage


class Account(below.Account):
    """What SNOWFLAKE.ACCOUNT_USAGE is made of."""

    usage: Usage
