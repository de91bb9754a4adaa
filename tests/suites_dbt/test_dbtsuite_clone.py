"""dbt-tests-adapter: `dbt clone`, relations that change their kind, and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dbt.tests.adapter.aliases import test_aliases
from dbt.tests.adapter.caching import test_caching
from dbt.tests.adapter.dbt_clone import test_dbt_clone
from dbt.tests.adapter.relations import test_changing_relation_type, test_dropping_schema_named
from dbt.tests.adapter.simple_copy import test_copy_uppercase, test_simple_copy
from snowflake.connector.errors import ProgrammingError


class TestClonePossible(test_dbt_clone.BaseClonePossible):
    """Tables are cloned, views made again, and a second time nothing is done."""

    @pytest.fixture(autouse=True)
    def clean_up(self, project: Any) -> Iterator[None]:
        """The schemas of the seeds and the models are dropped afterwards."""
        yield
        with project.adapter.connection_named("__test"):
            for schema in (f"{project.test_schema}_seeds", project.test_schema):
                project.adapter.drop_schema(project.adapter.Relation.create(database=project.database, schema=schema))


class TestCloneSameSourceAndTarget(test_dbt_clone.BaseCloneSameSourceAndTarget):
    """A clone onto itself is refused."""


class TestCloneSameTargetAndState(test_dbt_clone.BaseCloneSameTargetAndState):
    """A state in the target's own folder is warned of."""


class TestChangingRelationType(test_changing_relation_type.BaseChangeRelationTypeValidator):
    """A view becomes a table, becomes incremental, and back."""


class TestDropSchemaNamed(test_dropping_schema_named.BaseDropSchemaNamed):
    """A schema is dropped by its name."""


class TestAliases(test_aliases.BaseAliases):
    """Models that are called otherwise."""


class TestAliasErrors(test_aliases.BaseAliasErrors):
    """Two models of one name."""


class TestSameAliasDifferentSchemas(test_aliases.BaseSameAliasDifferentSchemas):
    """Two models of one name in two schemas."""


class TestSameAliasDifferentDatabases(test_aliases.BaseSameAliasDifferentDatabases):
    """Two models of one name in two databases."""

    @pytest.fixture(scope="class")
    def project_config_update(self, unique_schema: str) -> dict[str, Any]:
        """The other database."""
        return {
            "config-version": 2,
            "macro-paths": ["macros"],
            "models": {
                "test": {
                    "alias": "duped_alias",
                    "model_b": {"database": "DBT_ALTERNATE", "schema": unique_schema},
                }
            },
        }


class TestCachingLowercase(test_caching.BaseCachingLowercaseModel):
    """What dbt remembers of a model in lower case."""


class TestCachingUppercase(test_caching.BaseCachingUppercaseModel):
    """What dbt remembers of a model in upper case."""


class TestCachingSelectedSchema(test_caching.BaseCachingSelectedSchemaOnly):
    """What dbt remembers of one schema."""


class TestNoPopulateCache(test_caching.BaseNoPopulateCache):
    """What dbt remembers when asked to remember nothing."""


class TestSimpleCopy(test_simple_copy.SimpleCopyBase):
    """Seeds copied by every materialization."""

    def test_simple_copy_with_materialized_views(self, project: Any) -> None:
        """The suite makes a materialized view, which snowdome refuses by name."""
        with pytest.raises(ProgrammingError, match="unsupported by snowdome"):
            project.run_sql("create materialized view unrelated as select 1 as a")


class TestEmptyModelsAreNotRun(test_simple_copy.EmptyModelsArentRunBase):
    """Models without text."""


class TestSimpleCopyUppercase(test_copy_uppercase.BaseSimpleCopyUppercase):
    """Seeds copied in upper case."""

    @pytest.fixture(scope="class")
    def dbt_profile_target(self, dbt_account: Any) -> dict[str, Any]:
        """The target, its database in upper case."""
        settings = dbt_account.settings
        return {
            **{key: settings[key] for key in ("account", "user", "password", "host", "port", "protocol")},
            "type": "snowflake",
            "threads": 4,
            "role": "ACCOUNTADMIN",
            "database": "DBT",
            "warehouse": "SUITE",
        }
