"""From the id of an Airflow connection to the settings that sluice connects with, by the provider's own hook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.errors import RetryError, SpecError
from sluice.snowflake.connect import OWN_PARAMETERS, ConnectionSettings

_PREFIX = "extra__snowflake__"
_NAMED = ("account", "user", "password", "private_key", "role", "warehouse", "database", "schema", "host", "port")
"""What settings have a field of their own for, beside the protocol."""
_NOT_PASSED = ("application", "region")
"""sluice names itself, and the region is part of the account."""
_AUTHENTICATORS = {
    "snowflake": "a password or a private key",
    "snowflake_jwt": "a private key",
    "oauth": "grant_type or azure_conn_id",
    "programmatic_access_token": "the token as the password",
    "workload_identity": "workload_identity_provider",
    "externalbrowser": "a login",
    "username_password_mfa": "a login and a password",
}
"""Those that the provider gives the connector all for, each with what it takes; and https://….okta.com."""
_NO_LOGIN = ("oauth", "programmatic_access_token", "workload_identity")
_NO_PASSWORD = ("oauth", "workload_identity", "externalbrowser")
_SERVER_ERROR = 500
_SESSIONS = {**OWN_PARAMETERS, "QUERY_TAG": "what it does for which environment"}
_MISREAD = ("QUOTED_IDENTIFIERS_IGNORE_CASE", "ROWS_PER_RESULTSET")
"""Session parameters under which names, or the rows of an answer, would not be those of the account."""


def snowflake_settings(conn_id: str) -> ConnectionSettings:
    """Return what the named Airflow connection says, without connecting anywhere.

    Raises:
        SpecError: it is not there, or wrong, with how to make it.
    """
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise _refuse(conn_id, "there is no such Airflow connection") from error
    if connection.conn_type != "snowflake":
        raise _refuse(conn_id, "the Airflow connection is not of type snowflake", connection.conn_type)
    extra = {key.removeprefix(_PREFIX): value for key, value in connection.extra_dejson.items() if value != ""}
    for message, value in _wrong(connection.login, connection.password, extra):
        raise _refuse(conn_id, message, value)
    hook = SluiceSnowflakeHook(snowflake_conn_id=conn_id)
    try:
        arguments = hook.connector_arguments()
    except (TypeError, ValueError) as error:
        raise _refuse(conn_id, f"the Airflow connection is wrong: {error}") from error
    return _settings(conn_id, arguments, _token(conn_id, hook) if hook.asks_for_token else None)


def _settings(conn_id: str, arguments: dict[str, Any], token: Callable[[], str] | None) -> ConnectionSettings:
    if str(arguments.get("authenticator", "")).lower() in {"snowflake", "snowflake_jwt"}:
        del arguments["authenticator"]  # the connector goes by the key, or else by the password
    named = {name: arguments.pop(name, None) for name in _NAMED}
    if "token" in arguments and arguments["token"] == named["password"]:  # the provider keeps it for its REST hooks
        named["password"] = None
    for name in _NOT_PASSED:
        arguments.pop(name, None)
    return ConnectionSettings(
        account=str(named["account"]),
        user=named["user"],
        password=named["password"],
        private_key=named["private_key"],
        role=named["role"],
        warehouse=named["warehouse"],
        database=named["database"],
        schema=named["schema"],
        host=named["host"],
        port=int(named["port"]) if named["port"] else None,
        protocol=arguments.pop("protocol", None),
        session_parameters=arguments.pop("session_parameters", {}),
        options=arguments,
        access_token=token,
        name=conn_id,
    )


def _wrong(login: str | None, password: str | None, extra: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What a connection lacks, or says twice, each with what is there of it: names, no secret."""
    kind, names = _authenticator(extra), sorted(extra)
    content, file = extra.get("private_key_content"), extra.get("private_key_file")
    if not extra.get("account"):
        yield "the Airflow connection names no account in its extra", names
    if kind not in _AUTHENTICATORS and not kind.startswith("https://"):
        yield f"no authenticator that the Snowflake provider knows: one of {', '.join(_AUTHENTICATORS)}", kind
    if not login and kind not in _NO_LOGIN:
        yield "the Airflow connection has no login", None
    if content and file:
        yield "give private_key_content or private_key_file, not both", names
    if file and not Path(str(file)).expanduser().is_file():
        yield "the file of private_key_file is not there", str(file)
    keyed = bool(content or file)
    if keyed and kind not in {"snowflake", "snowflake_jwt"}:
        yield f"a private key beside authenticator {kind}: the key would be used, so leave one of them out", names
    if not keyed and kind == "snowflake_jwt":
        yield "authenticator snowflake_jwt takes a private key, and there is none", names
    if not keyed and not password and kind not in _NO_PASSWORD:
        yield "the Airflow connection has neither a password nor a private key", names
    yield from _wrong_of(kind, login, password, extra)
    yield from _wrong_parameters(extra.get("session_parameters") or {})


def _wrong_of(
    kind: str, login: str | None, password: str | None, extra: Mapping[str, Any]
) -> Iterator[tuple[str, object]]:
    """What the connection lacks of OAuth and of a workload's identity."""
    names = sorted(extra)
    if kind == "oauth" and not extra.get("azure_conn_id"):
        grant = extra.get("grant_type") or ("refresh_token" if extra.get("refresh_token") else None)
        if grant not in {"refresh_token", "client_credentials"}:
            yield "OAuth takes a grant_type, refresh_token or client_credentials (or azure_conn_id)", grant
        if grant == "refresh_token" and not extra.get("refresh_token"):
            yield "grant_type refresh_token takes a refresh_token in the extra", names
        if not (login and password):
            yield "OAuth takes the client's id as login and its secret as password", names
    if (kind == "workload_identity") != bool(extra.get("workload_identity_provider")):
        yield (
            "a workload's identity takes authenticator workload_identity and workload_identity_provider together",
            names,
        )


def _wrong_parameters(parameters: object) -> Iterator[tuple[str, object]]:
    """What no session of sluice's can have: its own parameters with other values, and what would mislead it."""
    if not isinstance(parameters, Mapping):
        yield "session_parameters is no mapping of names to values", type(parameters).__name__
        return
    for name, value in parameters.items():
        own = _SESSIONS.get(str(name).upper())
        if own is not None and str(value).upper() != str(own).upper():
            yield f"session_parameters: sluice sets {str(name).upper()} itself ({own}): leave it out", {name: value}
        if str(name).upper() in _MISREAD:
            yield (
                f"session_parameters: under {str(name).upper()} sluice would misread the account: leave it out",
                {name: value},
            )


def _authenticator(extra: Mapping[str, Any]) -> str:
    """The authenticator in small letters, as the provider chooses it."""
    return "oauth" if extra.get("refresh_token") else str(extra.get("authenticator") or "snowflake").lower()


def _token(conn_id: str, hook: SluiceSnowflakeHook) -> Callable[[], str]:
    """Return what asks for an access token; a server that fails is asked again by the next try of the task."""

    def ask() -> str:
        where = f"Airflow connection {conn_id}: OAuth token"
        try:
            return hook.access_token()
        except (KeyError, ValueError) as error:
            message = "the OAuth token endpoint is wrong, or its answer holds no access_token and expires_in"
            good = "a token endpoint of RFC 6749"
            raise SpecError(message, where=where, good=good, untouched="everything") from error
        except OSError as error:  # all of requests' errors are
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status is None or status >= _SERVER_ERROR:
                raise RetryError(
                    f"the OAuth server gives no token: {status or type(error).__name__}", where=where
                ) from error
            message = f"the OAuth server refuses the client: it answers {status}"
            good = "the client's id as login, its secret as password, and a grant that the server knows"
            raise SpecError(message, where=where, good=good, untouched="everything") from error
        except (AirflowException, ImportError) as error:  # of azure_conn_id
            good = "an Airflow connection of Azure's, and the extra `azure`"
            raise SpecError(f"no token: {error}", where=where, good=good, untouched="everything") from error

    return ask


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
