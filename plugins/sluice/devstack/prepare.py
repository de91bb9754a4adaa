"""Prepares Airflow's database, connections and pools; a process of its own, under the stack's environment.

Connections go straight into Airflow's (encrypted) table: no secret is on a command line or in a file of ours, and the
service users' private keys never leave this process in the clear.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sluice.domain.specs.environment import EnvironmentSpec, readable_environments


def main() -> None:
    """Migrate Airflow's database; create the pools and connections of airflow_settings.yaml and of the specs."""
    from airflow.utils.db import upgradedb

    upgradedb()
    root = Path(os.environ["SLUICE_ROOT"])
    settings = yaml.safe_load((root / "airflow_settings.yaml").read_text())["airflow"]
    port = int(sys.argv[1])
    specs = readable_environments(root / "include" / "environments")[0]
    settings["connections"] += further_connections(settings["connections"], specs.values())
    _put(settings, port)


def further_connections(listed: Iterable[Mapping[str, Any]], specs: Iterable[EnvironmentSpec]) -> list[dict[str, Any]]:
    """Return the connections that specs name and the settings file does not list."""
    known = {connection["conn_id"] for connection in listed}
    return [
        {
            "conn_id": spec.connection,
            "conn_type": "snowflake",
            "conn_login": spec.access.user.name,
            "conn_extra": {
                "role": spec.access.role.written,
                "warehouse": spec.warehouse.name.written,
                "database": spec.database.name.written,
            },
        }
        for spec in specs
        if spec.connection not in known
    ]


def _put(settings: dict[str, Any], port: int) -> None:
    from airflow.models import Connection, Pool
    from airflow.utils.session import create_session

    with create_session() as session:
        for settings_of in settings["connections"]:
            existing = session.query(Connection).filter(Connection.conn_id == settings_of["conn_id"]).one_or_none()
            connection = existing or Connection(conn_id=settings_of["conn_id"])
            _fill(connection, settings_of, port)
            session.add(connection)
        for pool in settings["pools"]:
            Pool.create_or_update_pool(
                pool["pool_name"], pool["pool_slot"], pool["pool_description"], include_deferred=False, session=session
            )


def _fill(connection: Any, values: dict[str, Any], port: int) -> None:
    """Point the connection to the local account; keep the password and key of the first start."""
    private_key = connection.extra_dejson.get("private_key_content")
    extra = dict(values["conn_extra"]) | {"account": "snowdome", "host": "127.0.0.1", "port": port, "protocol": "http"}
    connection.conn_type = values["conn_type"]
    connection.login = values["conn_login"]
    connection.schema = values.get("conn_schema") or ""
    if values["conn_login"] == "ADMIN":
        connection.password = connection.password or os.environ["SNOWDOME_PASSWORD"]
    else:
        extra["private_key_content"] = private_key or _new_key()
    connection.extra = json.dumps(extra)


def _new_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


if __name__ == "__main__":
    main()
