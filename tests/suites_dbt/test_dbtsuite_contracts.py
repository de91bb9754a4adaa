"""dbt-tests-adapter: contracts and constraints, and column types."""

from __future__ import annotations

import pytest
from dbt.tests.adapter.column_types import test_column_types
from dbt.tests.adapter.constraints import fixtures, test_constraints

WITH_VARIABLE = """
{{{{ config(materialized="{}") }}}}
{{% call set_sql_header(config) %}}
SET MY_VARIABLE='test';
{{% endcall %}}
SELECT $MY_VARIABLE as column_name
"""
SELECTED = """
    -- depends_on: <foreign_key_model_identifier>
    select 'blue' as color, 1 as id, '2019-01-01' as date_day
"""
BY_COLUMN = f"""
create or replace transient table <model_identifier> (
    id integer not null primary key references <foreign_key_model_identifier> (id) unique,
    color text,
    date_day text
) as ( select id, color, date_day from ( {SELECTED} ) as model_subq );
"""
BY_MODEL = f"""
create or replace transient table <model_identifier> (
    id integer not null,
    color text,
    date_day text,
    primary key (id),
    constraint strange_uniqueness_requirement unique (color, date_day),
    foreign key (id) references <foreign_key_model_identifier> (id)
) as ( select id, color, date_day from ( {SELECTED} ) as model_subq );
"""
QUOTED = """
create or replace transient table <model_identifier> (
    id integer not null,
    "from" text not null,
    date_day text
) as (
    select id, "from", date_day
    from ( select 'blue' as "from", 1 as id, '2019-01-01' as date_day ) as model_subq
);
"""
NUMBERS = {
    "smallint": ("numeric", "number", "not string", "not float", "not integer"),
    "float": ("float", "number", "not string", "not integer", "not numeric"),
    "text": ("string", "not number"),
}
COLUMNS = (
    *((name, "1", NUMBERS["smallint"]) for name in ("smallint", "int", "bigint", "integer", "tinyint", "byteint")),
    *((name, "1.0", NUMBERS["float"]) for name in ("float", "float4", "float8", "double", "double precision", "real")),
    *((name, "1.0", NUMBERS["smallint"]) for name in ("numeric", "decimal", "number")),
    *((name, "'1'", NUMBERS["text"]) for name in ("text", "varchar(20)")),
)


class Typed:
    """Values of Snowflake's types, and what its client calls them."""

    @pytest.fixture
    def int_type(self) -> str:
        """What the client calls whole numbers."""
        return "FIXED"

    @pytest.fixture
    def schema_int_type(self) -> str:
        """What a column of them is declared as."""
        return "INT"

    @pytest.fixture
    def data_types(self, int_type: str, schema_int_type: str, string_type: str) -> list[list[str]]:
        """An expression, the type its column is declared as, and what the client calls it."""
        return [
            ["1", schema_int_type, int_type],
            ["'1'", string_type, string_type],
            ["cast('2019-01-01' as date)", "date", "DATE"],
            ["true", "boolean", "BOOLEAN"],
            ["'2013-11-03 00:00:00-07'::timestamptz", "timestamp_tz", "TIMESTAMP_TZ"],
            ["'2013-11-03 00:00:00-07'::timestamp", "timestamp", "TIMESTAMP_NTZ"],
            ["array_construct('a','b','c')", "array", "ARRAY"],
            ["array_construct(1,2,3)", "array", "ARRAY"],
            ["""to_variant(parse_json('{"key3": "value3", "key4": "value4"}'))""", "variant", "VARIANT"],
            ["object_construct('a', 1)", "object", "OBJECT"],
            ["to_binary('ff')", "binary", "BINARY"],
            ["time '10:00:00'", "time", "TIME"],
            ["1.5::float", "float", "REAL"],
        ]


class TestTableColumnsEqual(Typed, test_constraints.BaseTableConstraintsColumnsEqual):
    """A table whose columns are not those of its contract is refused."""


class TestViewColumnsEqual(Typed, test_constraints.BaseViewConstraintsColumnsEqual):
    """A view whose columns are not those of its contract is refused."""


class TestIncrementalColumnsEqual(Typed, test_constraints.BaseIncrementalConstraintsColumnsEqual):
    """A growing model whose columns are not those of its contract is refused."""


class TestTableSqlHeader(test_constraints.BaseTableContractSqlHeader):
    """A contract beside a statement that runs first."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        """The model sets a variable and reads it."""
        return {
            "my_model_contract_sql_header.sql": WITH_VARIABLE.format("table"),
            "constraints_schema.yml": fixtures.model_contract_header_schema_yml,
        }


class TestIncrementalSqlHeader(test_constraints.BaseIncrementalContractSqlHeader):
    """A growing model's contract beside a statement that runs first."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        """The model sets a variable and reads it."""
        return {
            "my_model_contract_sql_header.sql": WITH_VARIABLE.format(
                'incremental", on_schema_change="append_new_columns'
            ),
            "constraints_schema.yml": fixtures.model_contract_header_schema_yml,
        }


class TestTableDdl(test_constraints.BaseConstraintsRuntimeDdlEnforcement):
    """Constraints of columns in the statement that makes a table."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> str:
        """The statement."""
        return BY_COLUMN


class TestIncrementalDdl(test_constraints.BaseIncrementalConstraintsRuntimeDdlEnforcement):
    """Constraints of columns in the statement that makes a growing model."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> str:
        """The statement."""
        return BY_COLUMN


class TestModelDdl(test_constraints.BaseModelConstraintsRuntimeEnforcement):
    """Constraints of a table in the statement that makes it."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> str:
        """The statement."""
        return BY_MODEL


class TestQuotedColumn(test_constraints.BaseConstraintQuotedColumn):
    """Constraints of a column whose name needs quotes."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> str:
        """The statement."""
        return QUOTED


class Refused:
    """What Snowflake says of a missing value."""

    @pytest.fixture(scope="class")
    def expected_error_messages(self) -> list[str]:
        """The words."""
        return ["NULL result in a non-nullable column"]


class TestTableRollback(Refused, test_constraints.BaseConstraintsRollback):
    """A table that breaks its constraint leaves the old one in place."""


class TestIncrementalRollback(Refused, test_constraints.BaseIncrementalConstraintsRollback):
    """A growing model that breaks its constraint stays as it was."""


class TestIncrementalForeignKey(test_constraints.BaseIncrementalForeignKeyConstraint):
    """A growing model with a foreign key."""


class TestColumnTypes(test_column_types.BaseColumnTypes):
    """What dbt takes Snowflake's types for."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, object]:
        """A column of each type, and a test of what it is taken for."""
        named = [
            (f"{name.partition('(')[0].replace(' ', '_')}_col", name, value, kinds) for name, value, kinds in COLUMNS
        ]
        select = ",\n".join(f"{value}::{name} as {column}" for column, name, value, _ in named)
        expected = {column: list(kinds) for column, _, _, kinds in named}
        test = {"name": "model", "data_tests": [{"is_type": {"column_map": expected}}]}
        return {"model.sql": f"select {select}", "schema.yml": {"version": 2, "models": [test]}}

    def test_run_and_test(self, project: object) -> None:
        """The model is made and the test passes."""
        del project
        self.run_and_test()
