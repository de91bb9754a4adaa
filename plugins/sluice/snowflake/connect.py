"""Connections and sessions: the one way in which statements reach Snowflake."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector import errors as vendor

from sluice.domain.names import Identifier
from sluice.errors import RetryError, SpecError, StopError
from sluice.snowflake import keys
from sluice.snowflake.error_mapping import classify, session_ended
from sluice.snowflake.statements import Statement, Value

Row = dict[str, Any]
_CONTROL = Identifier("SLUICE")
_ATTEMPTS = 3
_PAUSES = (0.2, 1.0, 4.0)
"""Seconds to wait before each repetition of a statement whose answer was lost; the last one before each further."""
OWN_PARAMETERS: Mapping[str, object] = {"TIMEZONE": "UTC", "AUTOCOMMIT": True}
"""Session parameters that sluice relies on: it sets them in each session, beside QUERY_TAG."""
_WITHOUT_KEY = ("oauth", "programmatic_access_token", "workload_identity")
"""Authenticators of a service user that has no key pair: what it logs in by is set up by the account's people."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Where to connect and as whom; secrets never show in its repr."""

    account: str
    user: str | None
    """Nobody by name: the identity provider says who it is."""
    password: str | None = field(default=None, repr=False)
    private_key: str | bytes | None = field(default=None, repr=False)
    """PEM, base64 or DER of an RSA key; preferred to the password."""
    private_key_passphrase: str | None = field(default=None, repr=False)
    role: str | None = None
    """This, the warehouse, the database and the schema as a log-in says them: in capitals unless in double quotes."""
    warehouse: str | None = None
    database: str | None = None
    schema: str | None = None
    host: str | None = None
    port: int | None = None
    protocol: str | None = None
    login_timeout: int = 60
    network_timeout: int | None = None
    """Seconds after which the connector cancels any statement, however healthy; nothing: the warehouse's own limit."""
    retries: int = 3
    """How often a statement that may be repeated is, when its answer is lost."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Further arguments by the connector's own names: authenticator, proxy_host, insecure_mode, token …"""
    session_parameters: Mapping[str, Any] = field(default_factory=dict)
    access_token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    """Asked for the token at each log-in, where it is short-lived: OAuth."""
    name: str = "connection"
    """The Airflow connection it came from, for messages."""

    def public_key(self) -> keys.PublicKey | None:
        """Return the public half of this connection's key pair; None where it logs in by other means than a key.

        Raises:
            SpecError: it logs in with a password, which a service user cannot.
        """
        if self.private_key is not None:
            return keys.public_key(self._key())
        if str(self.options.get("authenticator", "")).lower() in _WITHOUT_KEY:
            return None
        raise SpecError(
            "the connection holds no private key; a service user is made with its public half",
            where=f"Airflow connection {self.name}",
            good='extra: {"private_key_content": "-----BEGIN PRIVATE KEY-----…"}',
            untouched="everything",
        )

    def arguments(self, *, token: bool = True) -> dict[str, Any]:
        """Return the connector's own arguments, without those that are not set.

        `token`: whether a short-lived token is asked for; without, nothing is sent anywhere.
        """
        given: dict[str, Any] = {
            **self.options,
            "account": self.account,
            "user": self.user,
            "role": self.role,
            "warehouse": self.warehouse,
            "database": self.database,
            "schema": self.schema,
            "host": self.host,
            "port": self.port,
            "protocol": self.protocol,
            "session_parameters": dict(self.session_parameters) or None,
        }
        if self.private_key is not None:
            given["private_key"] = keys.der(self._key())
        else:
            given["password"] = self.password
        if token and self.access_token is not None:
            given["token"] = self.access_token()
        return {key: value for key, value in given.items() if value is not None}

    def _key(self) -> Any:
        return keys.private_key(
            self.private_key or b"", self.private_key_passphrase, f"Airflow connection {self.name}: private key"
        )


class Session:
    """One open session; counts what it sends, and turns each vendor error into one of ours."""

    def __init__(
        self,
        connection: SnowflakeConnection,
        settings: ConnectionSettings,
        *,
        control: Identifier,
        environment: str | None = None,
        retries: bool = True,
        log_in: Callable[[], SnowflakeConnection] | None = None,
    ) -> None:
        self.connection = connection
        self._log_in = log_in
        self._settings: list[Statement] = []
        """What was set in it, USE and the like: a new one, where Snowflake has ended it, is to be the same."""
        self.control = control
        self.environment = environment
        """Whose role it has, and so whose journal it writes; None: an administrator's."""
        self.settings = settings
        self.retries = retries
        self.statements = 0
        self.events_left = 0
        """In the journal, by this session: each of our changes is noted there, so what was read before is old."""

    def run(self, statement: Statement) -> list[Row]:
        """Return the rows of a statement, keyed by lower-case column name.

        A statement that may be repeated is, when its answer is lost. The connector's own repetition is switched off:
        it repeats what must not be, knows no end without a time-out, and its time-out cancels healthy statements.
        """
        for seconds in self._pauses() if self.retries and statement.repeatable else ():
            try:
                return self._run(statement)
            except RetryError as cut:
                if not cut.lost:
                    raise
                if not self._logged_in_again(cut):
                    time.sleep(seconds)
        try:
            return self._run(statement)
        except RetryError as cut:
            self._logged_in_again(cut)  # for whoever asks again: this one may not be repeated
            raise

    def _logged_in_again(self, cut: RetryError) -> bool:
        """Log in anew, with all that was set, where Snowflake has ended the session: nothing else would answer."""
        if self._log_in is None or not session_ended(cut):
            return False
        former, self.connection = self.connection, self._log_in()
        with suppress(vendor.Error, OSError):
            former.close(retry=False)
        for setting in self._settings:
            self._send(setting)
        return True

    def _pauses(self) -> list[float]:
        """Return the seconds to wait before each repetition."""
        return [_PAUSES[min(number, len(_PAUSES) - 1)] for number in range(self.settings.retries)]

    def persist(self, statement: Statement) -> None:
        """Run a statement until it is answered: one that does no harm when it is done twice."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self.run(statement)
            except RetryError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _run(self, statement: Statement) -> list[Row]:
        rows = self._send(statement)
        if statement.template.lstrip().upper().startswith(("USE ", "ALTER SESSION ")):
            self._settings.append(statement)
        return rows

    def _send(self, statement: Statement) -> list[Row]:
        self.statements += 1
        cursor = self.connection.cursor(snowflake.connector.DictCursor)
        try:
            cursor.execute(
                statement.template,
                tuple(_plain(value) for value in statement.params) or None,
                _no_retry=True,
            )
            rows = cursor.fetchall()
        except (vendor.Error, OSError) as error:
            raise classify(error, statement.sql) from error
        except KeyError as error:
            # Without retries the connector swallows some transport errors and then looks for "success" in nothing
            # (network.py, _request_exec_wrapper: "Ignored error").
            raise RetryError("the answer is lost", lost=True, where=statement.sql[:160]) from error
        finally:
            cursor.close()
        return [{key.lower(): value for key, value in row.items()} for row in rows]

    def one(self, statement: Statement) -> Row:
        """Return the only row of a statement; anything else is a surprise to look at."""
        rows = self.run(statement)
        if len(rows) != 1:
            raise StopError(
                f"one row was expected, {len(rows)} came", where=statement.sql[:160], untouched="everything"
            )
        return rows[0]


def _plain(value: Value) -> Value:
    """The connector binds texts by their exact class; an enum's member is one of another."""
    return str(value) if isinstance(value, str) else value


def _quieten() -> None:
    """Keep the connector's two lines for each log-in out of logs at INFO; who wants them sets its level, or DEBUG."""
    logger = logging.getLogger("snowflake.connector")
    if logger.getEffectiveLevel() == logging.INFO and logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)


@contextmanager
def connect(
    settings: ConnectionSettings,
    *,
    query_tag: str | Mapping[str, object] | None = None,
    retries: bool = True,
    control: Identifier = _CONTROL,
    environment: str | None = None,
) -> Iterator[Session]:
    """Open a session and close it; `retries=False` leaves every repetition to the caller.

    `environment`: whose role it has; without, it is an administrator's.
    """
    if query_tag is not None and not isinstance(query_tag, str):
        query_tag = json.dumps(query_tag, separators=(",", ":"), default=str)
    arguments = settings.arguments(token=False)
    parameters = {**arguments.pop("session_parameters", {}), **OWN_PARAMETERS}
    if query_tag:
        parameters["QUERY_TAG"] = query_tag
    _quieten()
    if settings.private_key is not None:
        arguments["private_key"] = settings._key()  # read already: as bytes, the connector would read it again

    def log_in() -> SnowflakeConnection:
        if settings.access_token is not None:
            arguments["token"] = settings.access_token()
        try:
            return snowflake.connector.connect(
                **arguments,
                login_timeout=settings.login_timeout,
                network_timeout=settings.network_timeout,
                session_parameters=parameters,
                application="sluice",
                client_session_keep_alive=False,
                platform_detection_timeout_seconds=0,
            )
        except (vendor.Error, OSError) as error:
            refused = classify(error)
            refused.where = f"Airflow connection {settings.name} (user {settings.user}, account {settings.account})"
            raise refused from error

    session = Session(log_in(), settings, control=control, environment=environment, retries=retries, log_in=log_in)
    try:
        yield session
    finally:
        session.connection.close(retry=False)
