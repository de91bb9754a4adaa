"""Airflow's Snowflake hook, with what it drops of a connection: sluice's own log-ins go through it as well."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook

from sluice.snowflake import keys

_LOWER_CASE = ("oauth", "programmatic_access_token")
"""Authenticators that the provider knows in small letters only; the connector does not mind."""
_OF_OAUTH = ("azure_conn_id", "client_id", "client_secret", "grant_type", "refresh_token", "scope", "token_endpoint")
"""What the provider asks for a token with; the connector is given the token alone."""


class SluiceSnowflakeHook(SnowflakeHook):
    """The provider's hook, which also takes these of a connection (checked against 6.19).

    * `protocol` in the extra, beside host and port: an account on this machine speaks plain http;
    * a private key as base64 of DER, as dbt and sluice take it, and `~` in the path of its file;
    * `authenticator` in capitals, as Snowflake's own documentation writes it.

    The region is put behind the account: dbt knows no other place for it.
    """

    def connector_arguments(self) -> dict[str, Any]:
        """Return what the connector is called with, but for a token that is asked for: nothing is sent anywhere.

        What the connection does not say is left out.
        """
        arguments = {key: value for key, value in self._get_static_conn_params.items() if value not in (None, "")}
        if self.asks_for_token:
            # Its login and password are the client's id and secret, not a user's.
            for name in ("user", "password", *_OF_OAUTH):
                arguments.pop(name, None)
        return arguments

    def access_token(self) -> str:
        """Return a valid access token: the one of before while it is valid, or else a new one."""
        return str(self._get_conn_params()["token"])

    @property
    def asks_for_token(self) -> bool:
        """Whether each log-in takes a token that is asked for."""
        return str(self._get_static_conn_params["authenticator"]) == "oauth"

    @cached_property
    def _get_static_conn_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(super()._get_static_conn_params)
        if region := parameters.pop("region", None):
            parameters["account"] = f"{parameters['account']}.{region}"
        protocol = self.get_connection(self.get_conn_id()).extra_dejson.get("protocol")
        return parameters | {"region": ""} | ({"protocol": protocol} if protocol else {})

    def _build_base_conn_config(self, conn: Any, extra_dict: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = dict(super()._build_base_conn_config(conn, extra_dict))
        authenticator = str(config["authenticator"] or "snowflake")
        lower = authenticator.lower()
        return config | {"authenticator": lower if lower in _LOWER_CASE else authenticator}

    def get_private_key(self) -> Any:
        """Return the private key of the connection in whichever form it is, or None.

        Raises:
            SpecError: it is no RSA key, or its passphrase is wrong.
        """
        try:
            return super().get_private_key()
        except (TypeError, ValueError):
            connection = self.get_connection(self.get_conn_id())
            content = self._get_field(connection.extra_dejson, "private_key_content")
            file = self._get_field(connection.extra_dejson, "private_key_file")
            where = f"Airflow connection {self.get_conn_id()}: private key"
            text = str(content) if content else Path(str(file)).expanduser().read_bytes()
            return keys.private_key(text, (connection.password or "").strip() or None, where)
