"""Airflow's Snowflake hook, with the one thing it drops."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook


class SluiceSnowflakeHook(SnowflakeHook):
    """The provider's hook, which also passes `protocol` on: an account on this machine speaks plain http.

    The provider reads host and port from the connection's extra but not the protocol (6.19, `_add_network_config`).
    """

    @cached_property
    def _get_static_conn_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(super()._get_static_conn_params)
        protocol = self.get_connection(self.get_conn_id()).extra_dejson.get("protocol")
        return parameters | ({"protocol": protocol} if protocol else {})
