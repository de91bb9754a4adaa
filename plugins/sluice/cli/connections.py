"""Airflow's connections for the command line: Airflow is imported by the first command that needs one, and not before.

It reads its configuration once, at import: whatever is to count must be in the environment by then. No other module of
the command line imports Airflow.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sluice.devstack.use_running_stack import checkout
from sluice.errors import SpecError
from sluice.settings import settings

if TYPE_CHECKING:
    from upath import UPath

    from sluice.snowflake.connect import ConnectionSettings

_NAMES = ("AIRFLOW_CONN_", "AIRFLOW__")
_QUIET = ("airflow", "alembic", "botocore", "snowflake", "sqlalchemy", "urllib3")


def configured() -> bool:
    """Return whether there is an Airflow here that could have connections."""
    return _named() or any((_home() / name).is_file() for name in ("airflow.cfg", "airflow.db"))


def connection(conn_id: str) -> ConnectionSettings:
    """Return the settings of this Airflow connection, or refuse one that does not exist, saying how to create it."""
    configured_here = _named()
    if not configured():
        raise SpecError(
            "there is no such Airflow connection: no Airflow is configured here",
            where=f"Airflow connection {conn_id}",
            good=_or_make_up("export AIRFLOW_HOME=/usr/local/airflow, where the connections are"),
            untouched="everything",
        )
    _import_airflow()
    from sluice.airflow.connections import snowflake_settings

    try:
        return snowflake_settings(conn_id)
    except SpecError as error:
        if not configured_here and error.good:
            error.good = _or_make_up(error.good)
        raise


def object_storage(url: str) -> UPath:
    """Return a store that is no folder, as Airflow's tasks open it; without its package it is refused by name."""
    _import_airflow()
    from sluice.airflow.store import open_store

    return open_store(url)


def _named() -> bool:
    return "AIRFLOW_HOME" in os.environ or any(name.startswith(_NAMES) for name in os.environ)


def _home() -> Path:
    """Where Airflow looks when nobody names a home."""
    return Path("~/airflow").expanduser()


def _or_make_up(good: str) -> str:
    return f"{good}\n  or start a stack on this machine: make up" if checkout(settings().root) else good


def _import_airflow() -> None:
    """Import Airflow so that it reads connections from its database too, and logs nothing."""
    # Without it Airflow looks for connections in variables only.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    # Whatever a container sets for its services: what they log is not what a command answers.
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    try:
        import airflow.sdk  # noqa: F401 (here, so that a broken configuration is reported as such)
    except Exception as error:
        raise SpecError(
            f"Airflow cannot be used as it is configured: {type(error).__name__}: {error}",
            where=f"AIRFLOW_HOME={os.environ.get('AIRFLOW_HOME') or _home()}",
            good="a configuration with which `airflow connections list` works",
            untouched="everything",
        ) from error
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
