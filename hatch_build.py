"""The wheel's data: what `sluice init` writes from, see sluice/cli/shipped.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    "airflow_settings.yaml",
    "dags",
    "include/environments",
    "include/policies",
    "plugins/.airflowignore",
    "plugins/sluice_plugin.py",
)


class Shipped(BuildHookInterface[Any]):
    """Lays the project's own specs, policies and DAG files into the wheel.

    Not by force-include in pyproject.toml: an editable install would get copies of them as well, and keep them.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel, not to an editable install, which finds them where they lie."""
        if version == "standard":
            root = Path(self.root)
            build_data["force_include"] |= {str(root / name): f"sluice/shipped/{name}" for name in SHIPPED}
