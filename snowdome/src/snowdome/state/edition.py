"""What kind of account this is: an Enterprise one, of a named server version, without behaviour change bundles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from snowdome.errors import unsupported

VERSION = "9.36.1"
SERVICE_LEVEL = "ENTERPRISE"
"""Time travel of up to 90 days, multi-cluster warehouses and masking policies are of this edition."""


def bootstrap(kind: str = "") -> str:
    """The answer of SYSTEM$BOOTSTRAP_DATA_REQUEST('ACCOUNT').

    Snowflake does not document the function; its own web page and tools ask it for the edition, which stands under
    `accountInfo.serviceLevelName` (public code of SnowDDL, whose context needs that and `serverVersion`).
    """
    if kind.upper() != "ACCOUNT":
        raise unsupported(f"SYSTEM$BOOTSTRAP_DATA_REQUEST('{kind}')")
    return json.dumps({"serverVersion": VERSION, "accountInfo": {"serviceLevelName": SERVICE_LEVEL}})


def active_bundles() -> str:
    """The answer of SYSTEM$SHOW_ACTIVE_BEHAVIOR_CHANGE_BUNDLES(): none can be switched here.

    docs sql-reference/functions/system_show_active_behavior_change_bundles: a VARCHAR with an array of objects.
    """
    return "[]"


ANSWERS: Mapping[str, Callable[..., str]] = {
    "SYSTEM$BOOTSTRAP_DATA_REQUEST": bootstrap,
    "SYSTEM$SHOW_ACTIVE_BEHAVIOR_CHANGE_BUNDLES": active_bundles,
}
"""The functions that ask for this."""
