"""What Airflow learns of sluice when it starts: one plugin, cheap to import."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from sluice.airflow.deployment_pages import DeploymentPages
from sluice.airflow.links import LINKS, PREFIX


class SluicePlugin(AirflowPlugin):
    """Sluice is registered with Airflow: the links of its tasks, and the pages that they lead to.

    Nothing heavy is imported: every Airflow process loads this.
    """

    name: ClassVar[str] = "sluice"
    operator_extra_links: ClassVar[list[Any]] = list(LINKS)
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {"app": DeploymentPages(), "url_prefix": PREFIX, "name": "sluice deployments"}
    ]
