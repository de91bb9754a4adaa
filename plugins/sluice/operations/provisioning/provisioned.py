"""What is provisioned at all: an account in which nothing is yet is no fault, unlike one that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable

from sluice.domain.names import Identifier
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.workspace import Workspace
from sluice.snowflake import observe, warehouses


def unprovisioned(work: Workspace) -> tuple[str, ...]:
    """Return the specified environments of which the account has neither the database nor the warehouse.

    The administrator looks, who may see them: to an environment's own user, what is missing and what is denied look
    alike, and the user itself is made by provisioning. Two look-ups, without compute; nothing is made.
    """
    databases, warehouses = _names(work)
    return tuple(spec.name for spec in _absent(work.environments.values(), databases, warehouses))


def nothing_provisioned(work: Workspace) -> bool:
    """Return whether the account has nothing of ours: no environment of the specs, and no control database."""
    databases, warehouses = _names(work)
    specs = tuple(work.environments.values())
    controls = {spec.control_database for spec in specs}
    return not controls & databases and len(_absent(specs, databases, warehouses)) == len(specs)


def _names(work: Workspace) -> tuple[set[Identifier], set[Identifier]]:
    host = next(iter(work.environments))
    with work.admin(host, tag={"stage": "status"}) as session:
        return (
            {database.name for database in observe.databases(session)},
            {warehouse.name for warehouse in warehouses.show_all(session)},
        )


def _absent(
    specs: Iterable[EnvironmentSpec], databases: set[Identifier], warehouses: set[Identifier]
) -> list[EnvironmentSpec]:
    return [spec for spec in specs if spec.database.name not in databases and spec.warehouse.name not in warehouses]
