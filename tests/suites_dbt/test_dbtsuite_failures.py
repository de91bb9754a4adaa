"""dbt-tests-adapter: failures that tests keep, and query comments."""

from __future__ import annotations

from typing import Any

from dbt.tests.adapter.query_comment import test_query_comment
from dbt.tests.adapter.store_test_failures_tests import basic, test_store_test_failures


class TestStoreFailures(test_store_test_failures.BaseStoreTestFailures):
    """Failures are kept in tables."""


class TestStoreFailuresLimit(test_store_test_failures.BaseStoreTestFailuresLimit):
    """Failures are kept up to a limit."""


class TestStoreFailuresInteractions(basic.StoreTestFailuresAsInteractions):
    """Where failures are kept: every combination of the two settings."""


class TestStoreFailuresProjectOff(basic.StoreTestFailuresAsProjectLevelOff):
    """Where failures are kept: the project says nowhere."""


class TestStoreFailuresProjectView(basic.StoreTestFailuresAsProjectLevelView):
    """Where failures are kept: the project says in views."""


class TestStoreFailuresProjectEphemeral(basic.StoreTestFailuresAsProjectLevelEphemeral):
    """Where failures are kept: the project says only for the run."""


class TestStoreFailuresGeneric(basic.StoreTestFailuresAsGeneric):
    """Where failures are kept: generic tests."""


class TestStoreFailuresExceptions(basic.StoreTestFailuresAsExceptions):
    """Where failures are kept: a word there is not."""


class TestQueryComment(test_query_comment.BaseQueryComments):
    """A comment in each statement; dbt-snowflake puts it behind the statement, without its last newline."""

    def test_matches_comment(self, project: Any) -> None:
        """The log has it."""
        del project
        assert r"/* dbt\nrules! */" in self.run_get_json()


class TestMacroQueryComment(test_query_comment.BaseMacroQueryComments):
    """A comment from a macro."""

    def test_matches_comment(self, project: Any) -> None:
        """The log has it."""
        del project
        assert r"/* dbt macros\nare pretty cool */" in self.run_get_json()


class TestMacroInvalidQueryComment(test_query_comment.BaseMacroInvalidQueryComments):
    """A comment from a macro that fails."""


class TestNullQueryComment(test_query_comment.BaseNullQueryComments):
    """No comment, by null."""


class TestEmptyQueryComment(test_query_comment.BaseEmptyQueryComments):
    """No comment, by an empty text."""
