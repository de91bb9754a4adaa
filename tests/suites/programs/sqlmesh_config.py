"""The configuration of a SQLMesh project on a snowdome: Snowflake's connection with the one setting it has no key for.

SQLMesh hands `host` and `port` to the connector but not `protocol`; its configuration in Python may bring a connection
class of its own (https://sqlmesh.readthedocs.io/en/stable/reference/configuration/#python). State is kept beside the
project, in DuckDB, as SQLMesh's documentation has it for engines that are not meant for it.
"""

from __future__ import annotations

import os

from sqlmesh.core.config import (  # type: ignore[import-not-found]  # lives in its own environment
    Config,
    DuckDBConnectionConfig,
    GatewayConfig,
    ModelDefaultsConfig,
    SnowflakeConnectionConfig,
)


class OnSnowdome(SnowflakeConnectionConfig):
    """A connection over plain HTTP."""

    protocol: str = "http"

    @property
    def _connection_kwargs_keys(self) -> set[str]:
        return {*super()._connection_kwargs_keys, "protocol"}


config = Config(
    gateways={
        "snowdome": GatewayConfig(
            connection=OnSnowdome(
                account="snowdome",
                user="ADMIN",
                password="snowdome",
                host="127.0.0.1",
                port=int(os.environ["SNOWDOME_PORT"]),
                warehouse="MESH_WH",
                database="MESH",
                role="ACCOUNTADMIN",
            ),
            state_connection=DuckDBConnectionConfig(database="state.db"),
        )
    },
    default_gateway="snowdome",
    model_defaults=ModelDefaultsConfig(dialect="snowflake", start="2020-01-01"),
)
