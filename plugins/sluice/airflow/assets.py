"""Our own asset scheme: `sluice://prod` is updated by every deployment that settles there."""

from __future__ import annotations

from airflow.sdk import Asset

from sluice.domain.promotion.deployments import Deployment

ENVIRONMENTS = Asset("sluice://environments", group="sluice")
"""Updated whenever an environment was made or repaired; its events name it."""


def environment_asset(environment: str) -> Asset:
    """Return the asset that downstream DAGs are scheduled on; its events name the deployment and its release."""
    return Asset(f"sluice://{environment}", group="sluice")


def deployed(deployment: Deployment) -> dict[str, str]:
    """Return what the asset event of a deployment says."""
    return {
        "environment": deployment.environment,
        "deployment": deployment.id,
        "release": deployment.release,
        "actor": deployment.actor,
        "reason": deployment.reason,
    }
