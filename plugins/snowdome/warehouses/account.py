"""The account with its warehouses, their monitors and what they used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.state import account as below

if TYPE_CHECKING:
    from snowdome.warehouses.compute import Compute
    from snowdome.warehouses.fleet.fleet import Fleet
    from snowdome.warehouses.fleet.watch import Watch
    from snowdome.warehouses.metering.ledger import Ledger


class Account(below.Account):
    """Clusters, resource monitors, metering, and the way of a statement onto a cluster."""

    ledger: Ledger
    watch: Watch
    fleet: Fleet
    compute: Compute
