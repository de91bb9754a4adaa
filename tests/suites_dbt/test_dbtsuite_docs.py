"""dbt-tests-adapter: persisted docs, empty runs, show, ephemeral models, concurrency, the catalog's kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.adapter.concurrency import test_concurrency
from dbt.tests.adapter.dbt_show import test_dbt_show
from dbt.tests.adapter.empty import test_empty
from dbt.tests.adapter.ephemeral import test_ephemeral
from dbt.tests.adapter.persist_docs import test_persist_docs
from dbt.tests.util import check_relations_equal, run_dbt, run_dbt_and_capture

KEPT = (
    '"with double quotes"',
    "'''abc123'''",
    "\n",
    "Some [$]lbl[$] labeled [$]lbl[$] and [$][$] unlabeled [$][$] dollar-quoting",
    "/* comment */",
    "--\n",
)
HEADED = """
{{ config(materialized="table") }}
{% call set_sql_header(config) %}
SET MY_VARIABLE='test';
{% endcall %}
SELECT $MY_VARIABLE as column_name
"""


class TestPersistDocs(test_persist_docs.BasePersistDocs):
    """Descriptions with every kind of quote; names in upper case, dollars in brackets, as dbt-snowflake writes them."""

    def _assert_common_comments(self, *comments: str) -> None:
        assert [part for part in KEPT for comment in comments if part not in comment] == []

    def _assert_has_table_comments(self, table_node: Any) -> None:
        found = [table_node["metadata"]["comment"], *(table_node["columns"][c]["comment"] for c in ("ID", "NAME"))]
        starts = ("Table model description", "id Column description", "Some stuff here and then a call to")
        assert all(comment.startswith(start) for comment, start in zip(found, starts, strict=True))
        self._assert_common_comments(*found)

    def _assert_has_view_comments(
        self,
        view_node: Any,
        has_node_comments: bool = True,
        has_column_comments: bool = True,
    ) -> None:
        node, column = view_node["metadata"]["comment"], view_node["columns"]["ID"]["comment"]
        for comment, wanted in ((node, has_node_comments), (column, has_column_comments)):
            assert bool(comment) == wanted
            if wanted:
                self._assert_common_comments(comment)
        assert not view_node["columns"]["NAME"]["comment"]


class TestPersistDocsColumnMissing(test_persist_docs.BasePersistDocsColumnMissing):
    """A description of a column that there is not."""

    def test_missing_column(self, project: Any) -> None:
        """The other columns' descriptions are there."""
        del project
        run_dbt(["docs", "generate"])
        catalog = json.loads(Path("target/catalog.json").read_text())
        columns = catalog["nodes"]["model.test.missing_column"]["columns"]
        assert columns["ID"]["comment"].startswith("test id column description")

    def test_missing_column_warning(self, project: Any) -> None:
        """A warning names it."""
        del project
        _, logs = run_dbt_and_capture(["run"])
        assert "are not present in the database: column_that_does_not_exist" in logs


class TestPersistDocsAllColumnsMissing(test_persist_docs.BasePersistDocsAllColumnsMissing):
    """Descriptions of nothing but columns that there are not."""


class TestPersistDocsQuotedCase(test_persist_docs.BasePersistDocsQuotedColumnCaseSensitive):
    """A quoted column's description is not its namesake's in other case."""


class TestPersistDocsQuotedColumn(test_persist_docs.BasePersistDocsCommentOnQuotedColumn):
    """A description of a column whose name needs quotes."""


class TestEmptyFlag(test_empty.BaseTestEmpty):
    """Models built without rows."""


class TestEmptyInline(test_empty.BaseTestEmptyInlineSourceRef):
    """Models built without rows from references inside expressions."""


class TestEmptyMetadata(test_empty.MetadataWithEmptyFlag):
    """What macros see of models built without rows."""


class TestShowLimit(test_dbt_show.BaseShowLimit):
    """`dbt show` with limits."""


class TestShowHeader(test_dbt_show.BaseShowSqlHeader):
    """`dbt show` of a model with a statement that runs first."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        """The model sets a variable and reads it."""
        return {"sql_header.sql": HEADED}


class TestEphemeralMulti(test_ephemeral.BaseEphemeralMulti):
    """Several ephemeral models in one."""

    def test_ephemeral_multi(self, project: Any) -> None:
        """All relations have the seed's rows."""
        run_dbt(["seed"])
        assert len(run_dbt(["run"])) == 3
        check_relations_equal(project.adapter, ["SEED", "DEPENDENT", "DOUBLE_DEPENDENT", "SUPER_DEPENDENT"])


class TestEphemeralErrors(test_ephemeral.BaseEphemeralErrorHandling):
    """An ephemeral model that cannot be compiled."""


class TestConcurrency(test_concurrency.BaseConcurrency):
    """Models built at the same time, one of them broken."""

    def test_concurrency(self, project: Any) -> None:
        """The others are built, twice."""
        run_dbt(["seed", "--select", "seed"])
        for _ in range(2):
            assert len(run_dbt(["run"], expect_pass=False)) == 7
            for name in ("VIEW_MODEL", "DEP", "TABLE_A", "TABLE_B"):
                check_relations_equal(project.adapter, ["SEED", name])
