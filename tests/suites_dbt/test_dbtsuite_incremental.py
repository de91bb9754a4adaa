"""dbt-tests-adapter: incremental models, by every strategy that dbt-snowflake has."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.adapter.incremental import (
    test_incremental_merge_exclude_columns,
    test_incremental_microbatch,
    test_incremental_on_schema_change,
    test_incremental_predicates,
    test_incremental_unique_id,
)

MICROBATCH = """
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='event_time', batch_size='day',
          begin=modules.datetime.datetime(2020, 1, 1, 0, 0, 0)) }}
select * from {{ ref('input_model') }}
"""
EVENTS = """
{{ config(materialized='table', event_time='event_time') }}
select 1 as id, to_timestamp_tz('2020-01-01 00:00:00-0') as event_time
union all select 2, to_timestamp_tz('2020-01-02 00:00:00-0')
union all select 3, to_timestamp_tz('2020-01-03 00:00:00-0')
"""
LATER = "insert into {}.input_model (id, event_time) values (4, '2020-01-04 00:00:00-0'), (5, '2020-01-05 00:00:00-0')"


class TestUniqueKeyMerge(test_incremental_unique_id.BaseIncrementalUniqueKey):
    """Unique keys of all shapes, by merge."""


class TestUniqueKeyDeleteInsert(test_incremental_unique_id.BaseIncrementalUniqueKey):
    """Unique keys of all shapes, by delete and insert."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        """The strategy."""
        return {"models": {"+incremental_strategy": "delete+insert"}}


class TestPredicatesDeleteInsert(test_incremental_predicates.BaseIncrementalPredicates):
    """Predicates on what may be replaced, by delete and insert."""


class TestPredicatesMerge(test_incremental_predicates.BaseIncrementalPredicates):
    """Predicates on what may be replaced, by merge."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        """The strategy and its predicate."""
        return {
            "models": {
                "+incremental_predicates": ["dbt_internal_dest.id != 2"],
                "+incremental_strategy": "merge",
            }
        }


class TestMergeExcludeColumns(test_incremental_merge_exclude_columns.BaseMergeExcludeColumns):
    """Columns that a merge leaves alone."""


class TestOnSchemaChange(test_incremental_on_schema_change.BaseIncrementalOnSchemaChange):
    """Columns that come and go: ignore, append, sync and fail."""


class TestMicrobatch(test_incremental_microbatch.BaseMicrobatch):
    """A model built a day at a time, without a unique key."""

    @pytest.fixture(scope="class")
    def microbatch_model_sql(self) -> str:
        """The model."""
        return MICROBATCH

    @pytest.fixture(scope="class")
    def input_model_sql(self) -> str:
        """What it reads."""
        return EVENTS

    @pytest.fixture(scope="class")
    def insert_two_rows_sql(self, project: Any) -> str:
        """What comes later."""
        return LATER.format(project.adapter.Relation.create(database=project.database, schema=project.test_schema))
