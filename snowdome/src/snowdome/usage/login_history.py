"""LOGIN_HISTORY: each attempt to log in, whether it was let in or not (sql-reference/account-usage/login_history)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snowdome.errors import SqlError
from snowdome.usage.columns import LOGIN_HISTORY

if TYPE_CHECKING:
    from snowdome.usage.account import Account

FACTORS = {
    "SNOWFLAKE_JWT": "RSA_KEYPAIR",
    "PROGRAMMATIC_ACCESS_TOKEN": "PROGRAMMATIC_ACCESS_TOKEN",
    "OAUTH": "OAUTH_ACCESS_TOKEN",
}
"""FIRST_AUTHENTICATION_FACTOR by the authenticator that the client names; PASSWORD for any other."""
_CLIENTS = {
    "PYTHONCONNECTOR": "PYTHON_DRIVER",
    "JDBC": "JDBC_DRIVER",
    "ODBC": "ODBC_DRIVER",
    "GO": "GO_DRIVER",
    "JAVASCRIPT": "JAVASCRIPT_DRIVER",
    "SNOWSQL": "SNOWSQL",
    "SNOWFLAKE_CLI": "SNOWFLAKE_CLI",
}
_ids = itertools.count(time.time_ns() // 1000)


def note(account: Account, data: Mapping[str, Any], user: str | None, address: str, refusal: SqlError | None) -> int:
    """The attempt is in the history; the result is its event id, which no other attempt has."""
    event = next(_ids)
    client = str(data.get("CLIENT_APP_ID") or "")
    authenticator = str(data.get("AUTHENTICATOR") or "").upper()
    account.usage.history.add(
        LOGIN_HISTORY,
        {
            "EVENT_ID": event,
            "EVENT_TIMESTAMP": account.clock.now(),
            "EVENT_TYPE": "LOGIN",
            "USER_NAME": user,
            "CLIENT_IP": address or None,
            "REPORTED_CLIENT_TYPE": _CLIENTS.get(client.upper(), "OTHER"),
            "REPORTED_CLIENT_VERSION": str(data.get("CLIENT_APP_VERSION") or "") or None,
            "FIRST_AUTHENTICATION_FACTOR": FACTORS.get(authenticator, "PASSWORD"),
            "IS_SUCCESS": "YES" if refusal is None else "NO",
            "ERROR_CODE": refusal.errno if refusal is not None else None,
            "ERROR_MESSAGE": _words(refusal) if refusal is not None else None,
            "RELATED_EVENT_ID": 0,
        },
    )
    return event


def _words(refusal: SqlError) -> str:
    """The history names the reason as an identifier, such as INCORRECT_USERNAME_PASSWORD."""
    return _REASONS.get(refusal.errno, refusal.message)


_REASONS = {
    390100: "INCORRECT_USERNAME_PASSWORD",
    390101: "USER_ACCESS_DISABLED",
    390106: "PASSWORD_EXPIRED",
    390144: "JWT_TOKEN_INVALID",
}
