"""Maps errors of Snowflake and its connector to sluice's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snowflake.connector import errors as vendor

from sluice.errors import RefusedError, RetryError, SluiceError, SpecError, StopError


@dataclass(frozen=True, slots=True)
class Failure:
    """The facts of a failed statement, as the vendor gave them."""

    message: str
    errno: int | None = None
    sqlstate: str | None = None
    query_id: str | None = None
    sql: str | None = None


class MissingError(RefusedError):
    """The object does not exist, or the role may not know that it does (002003)."""


class LoginError(SpecError):
    """Snowflake refused the log-in: no such user, or another key or password."""


class ExistsError(RefusedError):
    """An object of that name exists already (002002)."""


class DeniedError(RefusedError):
    """The role sees the object but may not do this with it (003001)."""


class NoComputeError(RefusedError):
    """The warehouse that the statement needs is suspended and may not resume (000606)."""


class StatementError(StopError):
    """Snowflake refused the statement for a reason that repeating cannot change."""


_GRANT = "the privilege granted, e.g. by provision_environment"
_REFUSALS: dict[int, tuple[type[RefusedError], str | None]] = {
    2003: (MissingError, "an existing object, or a grant on it for this role"),
    2043: (MissingError, "an existing object, or a grant on it for this role"),
    2037: (MissingError, "an existing object, or a grant on it for this role"),
    2002: (ExistsError, None),
    3001: (DeniedError, _GRANT),
    3041: (DeniedError, _GRANT),
    3540: (DeniedError, _GRANT),
    606: (NoComputeError, "the environment's warehouse there and able to resume: provision_environment repairs it"),
}
_RUNNING = 100_000
"""Error numbers from here on are of statements that compiled and failed on data."""
_QUOTED = re.compile(r"'[^']*'")
_LOGIN = frozenset({390100, 390101, 390102, 390104, 390144, 394300, 390189, 251005, 251006, 251008})
_LINE = frozenset({250002, 250003, 250005, 251010, 251011, 251012, 252010, 390111, 390112, 390114})
_ENDED = frozenset({390111, 390112, 390114})
"""The session was idle for too long, or its token is over: it answers nothing any more."""
_UNREACHABLE = frozenset({250001, 250007, 251009})
_BUSY = frozenset({604, 625, 630, 90073, 390195, 300005})


def classify(error: Exception, sql: str | None = None) -> SluiceError:
    """Return sluice's error for a vendor error; its class says what the caller may do next."""
    failure = Failure(
        message=str(getattr(error, "raw_msg", None) or error).strip(),
        errno=getattr(error, "errno", None),
        sqlstate=getattr(error, "sqlstate", None),
        query_id=getattr(error, "sfqid", None),
        sql=sql,
    )
    mapped = _by_number(failure, error)
    mapped.failure = failure  # type: ignore[attr-defined]  # facts for the journal and for tests
    return mapped


def failure_of(error: SluiceError) -> Failure | None:
    """Return the vendor's facts of an error, if a statement caused it."""
    failure = getattr(error, "failure", None)
    return failure if isinstance(failure, Failure) else None


def session_ended(error: SluiceError) -> bool:
    """Return whether the session itself is over, so that only a new one answers."""
    failure = failure_of(error)
    return failure is not None and failure.errno in _ENDED


def snowflake_message(error: SluiceError) -> str:
    """Return Snowflake's message about a statement in one line, without quoted data values."""
    failure = failure_of(error)
    text = " ".join((failure.message if failure else error.message).split())
    of_data = failure is not None and failure.errno is not None and failure.errno >= _RUNNING
    return _QUOTED.sub("'…'", text) if of_data else text


def _by_number(failure: Failure, error: Exception) -> SluiceError:
    number = failure.errno if failure.errno is not None else -1
    where = failure.sql.strip().splitlines()[0][:160] if failure.sql else "connection"
    if number in _REFUSALS:
        kind, good = _REFUSALS[number]
        return kind(failure.message, where=where, good=good)
    if number in _LOGIN or "JWT" in failure.message:
        return LoginError(
            f"Snowflake refused the login: {failure.message}",
            where=where,
            good="the user, its key pair or password, and the account of the Airflow connection",
            untouched="everything",
        )
    if number in _UNREACHABLE and failure.sql is None:
        return RetryError(
            f"Snowflake cannot be reached: {failure.message}",
            where=where,
            good="a reachable host and port; of snowdome: `python -m snowdome serve` (or `make up`) is running",
        )
    if number in _BUSY:
        return RetryError(failure.message, where=where)
    if _cut(number, error):
        return RetryError(
            f"the connection was cut and the answer lost: {failure.message}", lost=failure.sql is not None, where=where
        )
    return StatementError(failure.message, where=where)


def _cut(number: int, error: Exception) -> bool:
    if number in _LINE or number in _UNREACHABLE:
        return True
    if isinstance(error, vendor.ProgrammingError):
        return False
    return isinstance(error, vendor.OperationalError | vendor.InterfaceError | vendor.HttpError | OSError)
