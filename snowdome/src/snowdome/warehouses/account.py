"""The account with its warehouses, their monitors and what they used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.state import account as below

if TYPE_CHECKING:
    from snowdome.warehouses.admission import Compute
    from snowdome.warehouses.clusters import Clusters
    from snowdome.warehouses.metering.ledger import Ledger
    from snowdome.warehouses.resource_monitors import ResourceMonitors


class Account(below.Account):
    """Clusters, resource monitors, metering, and the way of a statement onto a cluster."""

    ledger: Ledger
    monitors: ResourceMonitors
    clusters: Clusters
    compute: Compute
