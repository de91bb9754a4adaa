"""Every vendor error becomes the one of ours that says what to do next."""

from __future__ import annotations

import pytest
from snowflake.connector import errors as vendor

from sluice.errors import RefusedError, RetryError, SluiceError, SpecError, StopError
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import DeniedError, ExistsError, MissingError, classify, failure_of
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome


@pytest.mark.parametrize(
    ("errno", "kind"),
    [
        (2003, MissingError),
        (2043, MissingError),
        (2002, ExistsError),
        (3001, DeniedError),
        (1003, StopError),
        (606, RefusedError),
        (625, RetryError),
        (390144, SpecError),
    ],
)
def test_numbers_decide(errno: int, kind: type[SluiceError]) -> None:
    """What Snowflake's number says is what counts."""
    found = classify(vendor.ProgrammingError(msg="no", errno=errno, sqlstate="42000"), "SELECT 1")
    assert type(found) is kind or isinstance(found, kind)
    failure = failure_of(found)
    assert failure is not None
    assert failure.errno == errno


def test_a_cut_line_says_that_the_answer_is_lost() -> None:
    """After a statement was sent, nobody knows whether it took effect."""
    found = classify(vendor.OperationalError(msg="cut", errno=250003), "ALTER DATABASE A SWAP WITH B")
    assert isinstance(found, RetryError)
    assert found.lost


def test_an_unreachable_host_is_not_a_lost_answer() -> None:
    """Before a session is open nothing was sent."""
    found = classify(vendor.OperationalError(msg="refused", errno=250001))
    assert isinstance(found, RetryError)
    assert not found.lost
    assert "snowdome" in str(found)


def test_missing_and_existing_are_refusals() -> None:
    """Who catches a refusal catches these too."""
    assert issubclass(MissingError, RefusedError)
    assert issubclass(ExistsError, RefusedError)


def test_an_ended_session_is_opened_anew_as_it_was(admin: Session, account: Snowdome) -> None:
    """Idle for longer than Snowflake allows: the next statement logs in again, with the role and settings it had."""
    admin.run(Statement("USE SECONDARY ROLES NONE"))
    admin.run(Statement("USE ROLE SYSADMIN"))
    account.fault("(?i)select current_role", when="before", do="error", errno=390114)
    asked = Statement("SELECT CURRENT_ROLE() AS ROLE, CURRENT_SECONDARY_ROLES() AS SECONDARY")
    before = admin.connection
    (row,) = admin.run(asked)
    assert admin.connection is not before
    assert row["role"] == "SYSADMIN"
    assert "ALL" not in str(row["secondary"])


def test_what_may_not_be_repeated_is_left_to_the_caller_of_an_ended_session(admin: Session, account: Snowdome) -> None:
    """It fails as lost, and whoever looks next has a session that answers."""
    account.fault("(?i)create database twice", when="before", do="error", errno=390114)
    with pytest.raises(RetryError):
        admin.run(Statement("CREATE DATABASE TWICE", repeatable=False))
    assert admin.run(Statement("SHOW DATABASES LIKE 'TWICE'")) == []
