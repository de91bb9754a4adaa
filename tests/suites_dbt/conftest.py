"""dbt's own adapter test suite, from the package index, against an account of its own per file.

Each class here is one of `dbt-tests-adapter`'s, with what dbt-snowflake itself sets for it; none of its code is ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.fixtures.project import (  # noqa: F401 (the fixtures of dbt's suite, found here by name)
    adapter,
    analyses,
    clean_up_logging,
    dbt_profile_data,
    dbt_project_yml,
    dependencies,
    dependencies_yml,
    environment,
    functions,
    initialization,
    macros,
    models,
    packages,
    packages_yml,
    prefix,
    profile_user,
    profiles_config_update,
    profiles_root,
    profiles_yml,
    project,
    project_config_update,
    project_files,
    project_root,
    project_setup,
    properties,
    seeds,
    selectors,
    selectors_yml,
    shared_data_dir,
    snapshots,
    test_config,
    tests,
    unique_schema,
)

from snowdome.pytest_plugin import Snowdome

QUICK = ("basic", "clone", "complete")
"""What runs with all other tests; the rest of the suite takes minutes: `SUITES=1 pytest tests/suites_dbt`."""
collect_ignore = (
    []
    if os.environ.get("SUITES")
    else [
        file.name
        for file in Path(__file__).parent.glob("test_dbtsuite_*.py")
        if file.stem.removeprefix("test_dbtsuite_") not in QUICK
    ]
)
GRANTEES = ("DBT_TEST_ONE", "DBT_TEST_TWO", "DBT_TEST_THREE")
SETUP = (
    "create warehouse if not exists suite",
    "create database if not exists dbt",
    "create database if not exists dbt_alternate",
    *(f"create role if not exists {role}" for role in GRANTEES),
)


@pytest.fixture(scope="module", autouse=True)
def _quiet_environment() -> Iterator[None]:
    """Nothing is reported, and the roles that are granted to are named; afterwards the environment is as before."""
    before = dict(os.environ)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ.update({f"DBT_TEST_USER_{number}": role for number, role in enumerate(GRANTEES, 1)})
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def dbt_account(snowdome_today: Snowdome) -> Snowdome:
    """An account with a warehouse, two databases and the roles that are granted to."""
    with snowdome_today.connect().cursor() as cursor:
        for statement in SETUP:
            cursor.execute(statement)
    return snowdome_today


@pytest.fixture(scope="class")
def dbt_profile_target(dbt_account: Snowdome) -> dict[str, Any]:
    """The target in profiles.yml: dbt-snowflake, unmodified, on the account."""
    settings = dbt_account.settings
    return {
        **{key: settings[key] for key in ("account", "user", "password", "host", "port", "protocol")},
        "type": "snowflake",
        "threads": 4,
        "role": "ACCOUNTADMIN",
        "database": "DBT",
        "warehouse": "SUITE",
    }


@pytest.fixture(scope="class")
def logs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where dbt writes its log: out of the project's folder."""
    folder = tmp_path_factory.mktemp("logs")
    os.environ["DBT_LOG_PATH"] = str(folder)
    yield str(folder)
    os.environ.pop("DBT_LOG_PATH", None)


@pytest.fixture(scope="class")
def test_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the suite's classes may write data into."""
    return tmp_path_factory.mktemp("files") / "data"
