"""dbt-tests-adapter: the words that mean the same on every platform, types, unit tests and timestamps."""

from __future__ import annotations

import pytest
from dbt.tests.adapter.unit_testing import (
    test_case_insensitivity,
    test_invalid_input,
    test_quoted_reserved_word_column_names,
    test_types,
)
from dbt.tests.adapter.utils import (
    test_any_value,
    test_array_append,
    test_array_concat,
    test_array_construct,
    test_bool_or,
    test_cast,
    test_cast_bool_to_text,
    test_concat,
    test_current_timestamp,
    test_date,
    test_date_spine,
    test_date_trunc,
    test_dateadd,
    test_datediff,
    test_equals,
    test_escape_single_quotes,
    test_except,
    test_generate_series,
    test_get_intervals_between,
    test_get_powers_of_two,
    test_hash,
    test_intersect,
    test_last_day,
    test_length,
    test_listagg,
    test_null_compare,
    test_position,
    test_replace,
    test_right,
    test_safe_cast,
    test_split_part,
    test_string_literal,
    test_timestamps,
)
from dbt.tests.adapter.utils.data_types import (
    test_type_bigint,
    test_type_boolean,
    test_type_float,
    test_type_int,
    test_type_numeric,
    test_type_string,
    test_type_timestamp,
)

STAMPS = """
select {{ current_timestamp() }} as current_timestamp,
       {{ current_timestamp_in_utc_backcompat() }} as current_timestamp_in_utc_backcompat,
       {{ current_timestamp_backcompat() }} as current_timestamp_backcompat
"""


class TestAnyValue(test_any_value.BaseAnyValue):
    """ANY_VALUE."""


class TestArrayAppend(test_array_append.BaseArrayAppend):
    """ARRAY_APPEND."""


class TestArrayConcat(test_array_concat.BaseArrayConcat):
    """ARRAY_CAT."""


class TestArrayConstruct(test_array_construct.BaseArrayConstruct):
    """ARRAY_CONSTRUCT."""


class TestBoolOr(test_bool_or.BaseBoolOr):
    """BOOLOR_AGG."""


class TestCast(test_cast.BaseCast):
    """CAST."""


class TestCastBoolToText(test_cast_bool_to_text.BaseCastBoolToText):
    """CAST of a truth to text."""


class TestConcat(test_concat.BaseConcat):
    """Texts joined."""


class TestCurrentTimestamp(test_current_timestamp.BaseCurrentTimestampAware):
    """CURRENT_TIMESTAMP has a zone."""


class TestDate(test_date.BaseDate):
    """A date of three numbers."""


class TestDateAdd(test_dateadd.BaseDateAdd):
    """DATEADD."""


class TestDateDiff(test_datediff.BaseDateDiff):
    """DATEDIFF."""


class TestDateSpine(test_date_spine.BaseDateSpine):
    """Every day between two days."""


class TestDateTrunc(test_date_trunc.BaseDateTrunc):
    """DATE_TRUNC."""


class TestEquals(test_equals.BaseEquals):
    """Equality that knows missing values."""


class TestEscapeQuotes(test_escape_single_quotes.BaseEscapeSingleQuotesBackslash):
    """Quotes in texts."""


class TestEscapeQuotesDoubled(test_escape_single_quotes.BaseEscapeSingleQuotesQuote):
    """A quote that is doubled is one quote too: dbt-snowflake's own tests have both classes."""


class TestExcept(test_except.BaseExcept):
    """EXCEPT."""


class TestGenerateSeries(test_generate_series.BaseGenerateSeries):
    """Numbers in a row."""


class TestGetIntervalsBetween(test_get_intervals_between.BaseGetIntervalsBetween):
    """How many days between two days."""


class TestGetPowersOfTwo(test_get_powers_of_two.BaseGetPowersOfTwo):
    """Powers of two."""


class TestHash(test_hash.BaseHash):
    """MD5."""


class TestIntersect(test_intersect.BaseIntersect):
    """INTERSECT."""


class TestLastDay(test_last_day.BaseLastDay):
    """LAST_DAY."""


class TestLength(test_length.BaseLength):
    """LENGTH."""


class TestListagg(test_listagg.BaseListagg):
    """LISTAGG."""


class TestNullCompare(test_null_compare.BaseNullCompare):
    """Missing values are the same."""


class TestMixedNullCompare(test_null_compare.BaseMixedNullCompare):
    """A missing value is not a value."""


class TestPosition(test_position.BasePosition):
    """POSITION."""


class TestReplace(test_replace.BaseReplace):
    """REPLACE."""


class TestRight(test_right.BaseRight):
    """RIGHT."""


class TestSafeCast(test_safe_cast.BaseSafeCast):
    """TRY_CAST."""


class TestSplitPart(test_split_part.BaseSplitPart):
    """SPLIT_PART."""


class TestStringLiteral(test_string_literal.BaseStringLiteral):
    """A text."""


class TestTypeBigInt(test_type_bigint.BaseTypeBigInt):
    """The type of large numbers."""


class TestTypeBoolean(test_type_boolean.BaseTypeBoolean):
    """The type of truths."""


class TestTypeFloat(test_type_float.BaseTypeFloat):
    """The type of floating numbers."""


class TestTypeInt(test_type_int.BaseTypeInt):
    """The type of whole numbers."""


class TestTypeNumeric(test_type_numeric.BaseTypeNumeric):
    """The type of exact numbers."""


class TestTypeString(test_type_string.BaseTypeString):
    """The type of texts."""


class TestTypeTimestamp(test_type_timestamp.BaseTypeTimestamp):
    """The type of moments."""


class TestTimestamps(test_timestamps.BaseCurrentTimestamps):
    """The three current timestamps and their types."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        """The three."""
        return {"get_current_timestamp.sql": STAMPS}

    @pytest.fixture(scope="class")
    def expected_schema(self) -> dict[str, str]:
        """Their types."""
        return {
            "CURRENT_TIMESTAMP": "TIMESTAMP_TZ",
            "CURRENT_TIMESTAMP_IN_UTC_BACKCOMPAT": "TIMESTAMP_NTZ",
            "CURRENT_TIMESTAMP_BACKCOMPAT": "TIMESTAMP_NTZ",
        }

    @pytest.fixture(scope="class")
    def expected_sql(self) -> None:
        """Not compared: the suite's is PostgreSQL's."""
        return


class TestUnitTestTypes(test_types.BaseUnitTestingTypes):
    """Rows of unit tests, in every type."""

    @pytest.fixture
    def data_types(self) -> list[list[str]]:
        """The expression, and what stands in the unit test."""
        return [
            ["1", "1"],
            ["2.0", "2.0"],
            ["'12345'", "12345"],
            ["'string'", "string"],
            ["true", "true"],
            ["date '2020-01-02'", "2020-01-02"],
            ["timestamp '2013-11-03 00:00:00-0'", "2013-11-03 00:00:00-0"],
            ["'2013-11-03 00:00:00-0'::timestamptz", "2013-11-03 00:00:00-0"],
            ["to_number('3', 10, 9)", "3"],
            ["3::variant", "3"],
            ["{'Alberta':'Edmonton','Manitoba':'Winnipeg'}", "{'Alberta':'Edmonton','Manitoba':'Winnipeg'}"],
            ["['a','b','c']", "['a','b','c']"],
            ["[1,2,3]", "[1, 2, 3]"],
        ]


class TestUnitTestCase(test_case_insensitivity.BaseUnitTestCaseInsensivity):
    """Columns of unit tests, whatever their case."""


class TestUnitTestInvalid(test_invalid_input.BaseUnitTestInvalidInput):
    """Columns of unit tests that there are not."""


class TestUnitTestLongText(test_types.BaseUnitTestingVarcharFixtureNoTruncation):
    """Texts of unit tests keep their length."""


class TestUnitTestReserved(test_quoted_reserved_word_column_names.BaseUnitTestQuotedReservedWordColumnNames):
    """Columns of unit tests that are called by reserved words."""
