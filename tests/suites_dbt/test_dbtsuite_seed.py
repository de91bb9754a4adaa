"""dbt-tests-adapter: seeds."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.adapter.simple_seed import fixtures, seeds, test_seed, test_seed_type_override

TEXT = "character varying(16777216)"


class Expected:
    """The table that seeds are compared with; the suite makes it in PostgreSQL's spelling, in one text."""

    @pytest.fixture(scope="class", autouse=True)
    def setUp(self, project: Any) -> None:
        """The table is there, its columns named as Snowflake names unquoted ones."""
        for statement in seeds.seeds__expected_sql.replace('"', "").split(";"):
            if statement.strip():
                project.run_sql(statement)


class TestBasicSeed(Expected, test_seed.BaseBasicSeedTests):
    """Seeds are loaded, and loaded again."""

    def test_simple_seed_full_refresh_flag(self, project: Any) -> None:
        """A view over the seed survives its replacement: Snowflake drops nothing that depends on a table."""
        self._build_relations_for_test(project)
        self._check_relation_end_state(
            run_result=test_seed.run_dbt(["seed", "--full-refresh"]), project=project, exists=True
        )


class TestSeedFullRefreshOn(Expected, test_seed.BaseSeedConfigFullRefreshOn):
    """A seed that is made anew each time."""

    def test_simple_seed_full_refresh_config(self, project: Any) -> None:
        """A view over the seed survives its replacement: Snowflake drops nothing that depends on a table."""
        self._build_relations_for_test(project)
        self._check_relation_end_state(run_result=test_seed.run_dbt(["seed"]), project=project, exists=True)


class TestSeedFullRefreshOff(Expected, test_seed.BaseSeedConfigFullRefreshOff):
    """A seed that is never made anew."""


class TestSeedCustomSchema(Expected, test_seed.BaseSeedCustomSchema):
    """Seeds in a schema of their own."""


class TestSeedUniqueDelimiter(Expected, test_seed.BaseSeedWithUniqueDelimiter):
    """A file with bars."""


class TestSeedWrongDelimiter(Expected, test_seed.BaseSeedWithWrongDelimiter):
    """A file read by the wrong delimiter."""

    def test_seed_with_wrong_delimiter(self, project: Any) -> None:
        """The one column that is left has a name that Snowflake cannot read unquoted."""
        del project
        found = test_seed.run_dbt(["seed"], expect_pass=False)
        assert "syntax error" in found.results[0].message.lower()


class TestSeedEmptyDelimiter(Expected, test_seed.BaseSeedWithEmptyDelimiter):
    """No delimiter at all."""


class TestSeedEnabledByConfig(test_seed.BaseSimpleSeedEnabledViaConfig):
    """Seeds that are switched on and off."""


class TestSeedParsing(Expected, test_seed.BaseSeedParsing):
    """A file that cannot be read."""


class TestSeedFormats(test_seed.BaseSeedSpecificFormats):
    """A large file and letters of all kinds; a name with dots is several names to Snowflake."""

    @pytest.fixture(scope="class")
    def seeds(self, test_data_dir: Any) -> dict[str, str]:
        """The files."""
        large = self._make_big_seed(test_data_dir).read_text()
        return {"big_seed.csv": large, "seed_unicode.csv": seeds.seed__unicode_csv}

    def test_simple_seed(self, project: Any) -> None:
        """Both are loaded."""
        del project
        assert len(test_seed.run_dbt(["seed"])) == 2


class TestEmptySeed(test_seed.BaseTestEmptySeed):
    """A file with a head alone."""


class TestSeedColumnTypes(test_seed_type_override.BaseSimpleSeedColumnOverride):
    """The types that columns of seeds get, given and found."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, Any]:
        """The tests of the types."""
        enabled = {"birthday": TEXT, "seed_id": "FLOAT"}
        tricky = {
            "seed_id": "NUMBER(38,0)",
            "seed_id_str": TEXT,
            "a_bool": "BOOLEAN",
            "looks_like_a_bool": TEXT,
            "a_date": "TIMESTAMP_NTZ",
            "looks_like_a_date": TEXT,
            "relative": TEXT,
            "weekday": TEXT,
        }
        tests = [
            {
                "name": name,
                "columns": [{"name": c, "data_tests": [{"column_type": {"type": t}}]} for c, t in types.items()],
            }
            for name, types in (("seed_enabled", enabled), ("seed_tricky", tricky))
        ]
        return {"schema.yml": {"version": 2, "seeds": tests}}

    @pytest.fixture(scope="class")
    def macros(self) -> dict[str, str]:
        """The test of a type."""
        return {"schema_test.sql": fixtures.macros__schema_test}

    @staticmethod
    def seed_enabled_types() -> dict[str, str]:
        """The types given."""
        return {"seed_id": "FLOAT", "birthday": "TEXT"}

    @staticmethod
    def seed_tricky_types() -> dict[str, str]:
        """The types given."""
        return dict.fromkeys(("seed_id_str", "looks_like_a_bool", "looks_like_a_date"), "TEXT")
