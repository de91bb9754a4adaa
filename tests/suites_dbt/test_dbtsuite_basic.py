"""dbt-tests-adapter: what dbt calls basic, the catalog, empty runs, show and ephemeral models."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.adapters.snowflake.relation_configs import SnowflakeRelationType
from dbt.tests.adapter.basic import (
    test_adapter_methods,
    test_base,
    test_docs_generate,
    test_empty,
    test_ephemeral,
    test_generic_tests,
    test_get_catalog_for_single_relation,
    test_incremental,
    test_singular_tests,
    test_singular_tests_ephemeral,
    test_snapshot_check_cols,
    test_snapshot_timestamp,
    test_table_materialization,
    test_validate_connection,
)
from dbt.tests.adapter.basic.expected_catalog import base_expected_catalog, no_stats
from dbt.tests.util import AnyInteger, AnyString
from dbt_common.contracts.metadata import CatalogTable, ColumnMetadata, StatsItem, TableMetadata

SHOWN = ("ID", "FIRST_NAME", "EMAIL", "IP_ADDRESS", "UPDATED_AT")


class TestSimpleMaterializations(test_base.BaseSimpleMaterializations):
    """Seeds, views, tables and a swap of one for the other."""


class TestSingularTests(test_singular_tests.BaseSingularTests):
    """Tests that are queries."""


class TestSingularTestsEphemeral(test_singular_tests_ephemeral.BaseSingularTestsEphemeral):
    """Tests that are queries over ephemeral models."""


class TestEmptyProject(test_empty.BaseEmpty):
    """A project with nothing in it."""


class TestEphemeral(test_ephemeral.BaseEphemeral):
    """Models that exist only inside others."""


class TestIncremental(test_incremental.BaseIncremental):
    """A model that grows."""


class TestIncrementalNotSchemaChange(test_incremental.BaseIncrementalNotSchemaChange):
    """A model that grows with differently cased columns."""


class TestGenericTests(test_generic_tests.BaseGenericTests):
    """Tests that are macros."""


class TestSnapshotCheckCols(test_snapshot_check_cols.BaseSnapshotCheckCols):
    """Snapshots that compare columns."""


class TestSnapshotTimestamp(test_snapshot_timestamp.BaseSnapshotTimestamp):
    """Snapshots that compare times."""


class TestTableMaterialization(test_table_materialization.BaseTableMaterialization):
    """A table with another warehouse's settings, which mean nothing here."""


class TestValidateConnection(test_validate_connection.BaseValidateConnection):
    """`dbt debug` connects."""


class TestAdapterMethods(test_adapter_methods.BaseAdapterMethod):
    """Relations are found, listed and renamed."""

    @pytest.fixture(scope="class")
    def equal_tables(self) -> list[str]:
        """The relations that are compared, as Snowflake names them."""
        return ["MODEL", "EXPECTED"]


def _table_stats() -> dict[str, Any]:
    def item(key: str, label: str, value: object, description: str, *, include: bool = True) -> dict[str, Any]:
        return {"id": key, "label": label, "value": value, "description": description, "include": include}

    return {
        "has_stats": item(
            "has_stats", "Has Stats?", True, "Indicates whether there are statistics for this table", include=False
        ),
        "bytes": item(
            "bytes", "Approximate Size", AnyInteger(), "Approximate size of the table as reported by Snowflake"
        ),
        "last_modified": item("last_modified", "Last Modified", AnyString(), "The timestamp for last update/change"),
        "row_count": item("row_count", "Row Count", 1.0, "An approximate count of rows in this table"),
    }


class TestDocsGenerate(test_docs_generate.BaseDocsGenerate):
    """The catalog of `dbt docs generate`."""

    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any) -> Any:
        """What the catalog says."""
        return base_expected_catalog(
            project,
            role="ACCOUNTADMIN",
            id_type="NUMBER",
            text_type="TEXT",
            time_type="TIMESTAMP_NTZ",
            view_type="VIEW",
            table_type="BASE TABLE",
            model_stats=no_stats(),
            seed_stats=_table_stats(),
            case=lambda name: name.upper(),
            case_columns=False,
        )


def _single(project: Any, kind: SnowflakeRelationType, name: str, rows: int) -> CatalogTable:
    counted = bool(rows)
    stats = {
        "has_stats": StatsItem(
            "has_stats", "Has Stats?", True, False, "Indicates whether there are statistics for this table"
        ),
        "row_count": StatsItem(
            "row_count", "Row Count", rows, counted, "Number of rows in the table as reported by Snowflake"
        ),
        "bytes": StatsItem(
            "bytes", "Approximate Size", AnyInteger(), counted, "Size of the table as reported by Snowflake"
        ),
    }
    types = ("NUMBER", "VARCHAR", "VARCHAR", "VARCHAR", "TIMESTAMP_NTZ")
    return CatalogTable(
        metadata=TableMetadata(
            type=kind.upper(),
            schema=project.test_schema.upper(),
            name=name,
            database=project.database,
            comment="",
            owner="ACCOUNTADMIN",
        ),
        columns={
            column: ColumnMetadata(type=found, index=index, name=column, comment=None)
            for index, (column, found) in enumerate(zip(SHOWN, types, strict=True), 1)
        },
        stats=stats,
        unique_id=None,
    )


class TestGetCatalogForSingleRelation(test_get_catalog_for_single_relation.BaseGetCatalogForSingleRelation):
    """The catalog of one relation, made of SHOW and DESCRIBE."""

    @pytest.fixture(scope="class")
    def expected_catalog_my_seed(self, project: Any) -> CatalogTable:
        """The table."""
        return _single(project, SnowflakeRelationType.Table, "MY_SEED", 1)

    @pytest.fixture(scope="class")
    def expected_catalog_my_view_model(self, project: Any) -> CatalogTable:
        """The view."""
        return _single(project, SnowflakeRelationType.View, "MY_VIEW_MODEL", 0)
