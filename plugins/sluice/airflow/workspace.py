"""The workspace of an Airflow task: our folders, Airflow's connections, Airflow's object storage."""

from __future__ import annotations

from dataclasses import replace

from airflow.sdk import ObjectStoragePath

from sluice.airflow.connections import snowflake_settings
from sluice.settings import settings
from sluice.stages.workspace import Workspace, workspace


def airflow_workspace() -> Workspace:
    """Return what stages work with in this process; a bucket as store is reached through an Airflow connection."""
    here = settings()
    return replace(workspace(here, snowflake_settings), store=ObjectStoragePath(here.store))
