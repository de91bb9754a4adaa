"""The workspace of an Airflow task: sluice's folders, Airflow's connections, Airflow's object storage."""

from __future__ import annotations

from dataclasses import replace

from sluice.airflow.connections import snowflake_settings
from sluice.airflow.store import open_store
from sluice.operations.workspace import Workspace, workspace
from sluice.settings import settings


def airflow_workspace() -> Workspace:
    """Return what stages work with in this process; a bucket as store is reached through an Airflow connection."""
    here = settings()
    store = open_store(here.store)
    return replace(workspace(here, snowflake_settings), store=store)
