"""Every vendor error becomes the one of ours that says what to do next."""

from __future__ import annotations

import pytest
from snowflake.connector import errors as vendor

from sluice.errors import RefusedError, RetryError, SluiceError, SpecError, StopError
from sluice.snowflake.error_mapping import DeniedError, ExistsError, MissingError, classify, failure_of


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
