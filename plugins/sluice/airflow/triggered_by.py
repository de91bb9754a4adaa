"""Who is behind a DAG run, and why: the person who pressed the button, here or further up the chain of assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.operations.caller import Caller
    from sluice.operations.workspace import Workspace


def actor(context: Context) -> str:
    """Return the user who triggered this run, or who started the chain of assets that did; else `airflow`."""
    if name := context["dag_run"].triggering_user_name:
        return str(name)
    extras = (
        extra for extra in asset_extras(context) if not extra.get("from_rest_api")
    )  # there, anyone may say anyone
    return next((str(extra["actor"]) for extra in extras if extra.get("actor")), "airflow")


def caller(workspace: Workspace, context: Context) -> Caller:
    """Return whose run this is; a retry is the same caller's. It acts at the account's own time."""
    from sluice.operations.caller import Caller

    ti = context["ti"]
    return Caller(f"{ti.dag_id} {ti.run_id}", actor(context), workspace.now())


def reason(context: Context, given: str) -> str:
    """Return why this run was asked for: the reason that was given, or the one at the beginning of its chain."""
    return given.strip() or next((str(extra["reason"]) for extra in asset_extras(context) if extra.get("reason")), "")


def asset_extras(context: Context) -> Iterator[dict[str, Any]]:
    """Yield what the asset events that triggered this run say, newest first."""
    for events in context["triggering_asset_events"].values():
        for event in reversed(list(events)):
            yield dict(event.extra or {})


def by_asset(context: Context) -> bool:
    """Whether assets triggered this run, rather than a person or a clock."""
    return bool(context["dag_run"].run_type.value == "asset_triggered")
