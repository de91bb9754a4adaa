"""What Airflow learns of us when it starts: one plugin, cheap to import."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin


class SluicePlugin(AirflowPlugin):
    """Sluice is registered with Airflow. Nothing heavy is imported: every Airflow process loads this."""

    name: ClassVar[str] = "sluice"
