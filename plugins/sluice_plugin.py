"""The one door for Airflow's scan of the plugins folder; `plugins/.airflowignore` keeps the scan out of the rest.

Where the package is also pip-installed, Airflow finds the plugin by its entry point: then this door stays shut, because
Airflow shows a second plugin of the same name to every user as an import error.
"""

from importlib.metadata import entry_points

if not entry_points(group="airflow.plugins", name="sluice"):
    from sluice.airflow.plugin import SluicePlugin

    __all__ = ["SluicePlugin"]
