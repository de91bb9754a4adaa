"""The specs, policies and DAG files that ship: in the wheel as data, in a checkout at their usual place."""

from __future__ import annotations

from pathlib import Path

from sluice.errors import StopError

PATTERNS = (
    "include/environments/*.yml",
    "include/environments/templates/*.yml",
    "include/policies/*.yml",
    "dags/*.py",
    "airflow_settings.yaml",
)
"""The sources of the files of `sluice init`. The wheel has the same files: pyproject.toml, force-include."""
DOOR = ("plugins/.airflowignore", "plugins/sluice_plugin.py")
"""What lets Airflow find the plugin where its entry point is not installed."""


def shipped(patterns: tuple[str, ...] = PATTERNS) -> dict[str, str]:
    """Return the text of each shipped file by its path below the root."""
    package = Path(__file__).resolve().parents[1]
    for home in (package / "shipped", package.parents[1]):
        files = {path.relative_to(home).as_posix(): path for pattern in patterns for path in sorted(home.glob(pattern))}
        if files:
            return {name: path.read_text("utf-8") for name, path in files.items()}
    raise StopError("the files that sluice init writes are not installed", where=str(package), good="the wheel, whole")
