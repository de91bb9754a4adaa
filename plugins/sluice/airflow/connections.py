"""From the id of an Airflow connection to the settings the Snowflake room connects with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from sluice.errors import SpecError
from sluice.snowflake.connect import ConnectionSettings

_PREFIX = "extra__snowflake__"


def snowflake_settings(conn_id: str) -> ConnectionSettings:
    """Return what the named Airflow connection says; a missing or wrong one is refused with how to make it."""
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise _refuse(conn_id, "there is no such Airflow connection") from error
    if connection.conn_type != "snowflake":
        raise _refuse(conn_id, "the Airflow connection is not of type snowflake", connection.conn_type)
    extra = {key.removeprefix(_PREFIX): value for key, value in connection.extra_dejson.items() if value != ""}
    if not extra.get("account"):
        raise _refuse(conn_id, "the Airflow connection names no account in its extra", sorted(extra))
    if not connection.login:
        raise _refuse(conn_id, "the Airflow connection has no login")
    key = _private_key(conn_id, extra)
    if key is None and not connection.password:
        raise _refuse(conn_id, "the Airflow connection has neither a password nor a private key", sorted(extra))
    return ConnectionSettings(
        account=str(extra["account"]),
        user=connection.login,
        # As the provider reads it: beside a key, the password is the key's passphrase.
        password=connection.password if key is None else None,
        private_key=key,
        private_key_passphrase=(connection.password or None) if key is not None else None,
        role=extra.get("role"),
        warehouse=extra.get("warehouse"),
        database=extra.get("database"),
        schema=connection.schema or None,
        host=extra.get("host"),
        port=int(extra["port"]) if extra.get("port") else None,
        protocol=extra.get("protocol"),
        name=conn_id,
    )


def _private_key(conn_id: str, extra: dict[str, Any]) -> str | None:
    content, file = extra.get("private_key_content"), extra.get("private_key_file")
    if content and file:
        raise _refuse(conn_id, "give private_key_content or private_key_file, not both", sorted(extra))
    if content:
        return str(content)
    if not file:
        return None
    path = Path(str(file)).expanduser()
    if not path.is_file():
        raise _refuse(conn_id, "the file of private_key_file is not there", str(path))
    return path.read_text()


def _refuse(conn_id: str, message: str, value: object = None) -> SpecError:
    return SpecError(
        message,
        where=f"Airflow connection {conn_id}",
        value=value,
        good=(
            f"airflow connections add {conn_id} --conn-type snowflake --conn-login USER --conn-extra "
            '\'{"account": "ORG-ACCOUNT", "role": "…", "warehouse": "…", "database": "…", '
            '"private_key_file": "/path/to/key.p8"}\'   (or --conn-password; or under Admin → Connections)'
        ),
        untouched="everything",
    )
