"""SnowDDL on a snowdome: `snowddl_on_snowdome.py PORT <SnowDDL's own arguments>`.

Its command line has no option for a host, so its application class gets a connection of ours; the rest is its own.
"""

from __future__ import annotations

import sys
from typing import Any

from snowddl.app import BaseApp  # type: ignore[import-not-found]  # lives in its own environment
from snowflake.connector import connect


class OnSnowdome(BaseApp):
    """SnowDDL's application with a connection to a port of this machine."""

    port = 0

    def get_connection(self) -> Any:
        """A session of the account on that port."""
        named = {"account": "a", "user": "u", "password": "p", "role": "r", "warehouse": "w"}
        given = {key: self.args[argument] for key, argument in named.items()}
        return connect(host="127.0.0.1", port=self.port, protocol="http", **given)


if __name__ == "__main__":
    OnSnowdome.port = int(sys.argv.pop(1))
    OnSnowdome().execute()
