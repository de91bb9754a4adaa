"""fakesnow's own tests, from its source package, against the served account: what differs is named, with whose it is.

The package is fetched when `make suites` sets up build/suites/fakesnow; none of its code is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = "0.9.25"
PACKAGE = ROOT / "build" / "suites" / f"fakesnow-{VERSION}.tar.gz"
FILES = ("connect", "fakes", "info_schema", "merge", "server", "users", "write_pandas")
"""The rest tests fakesnow's insides: arrow, checks, cli, expr, patch, transforms; sqlalchemy wants SQLAlchemy 1.4."""
SECONDS = 900

ITS_TEXT = "asserts a text of fakesnow's own"
ITS_CASE = "names without an alias are in capitals in Snowflake"
ITS_CLOCK = "asserts that everything was made in 1970"
NEWER = "Snowflake has added columns since"
PUBLIC = "a database comes with a schema PUBLIC in Snowflake, and a connection that names the database is in it"
ORDER = "Snowflake promises no order of rows that ORDER BY does not tell apart"
LUCK = "asserts the numbers that DuckDB's generator makes of a seed"
INSIDE = "tests fakesnow's rewriting of MERGE, not an account"
OTHERS = "an account has its administrator, and names are in capitals"
DIFFERENT = {
    "test_connect_without_schema": PUBLIC,
    "test_use_invalid_schema": PUBLIC,
    "test_connect_with_non_existent_db_or_schema": "expects a session to name a database that there is not: "
    "Snowflake's documentation is silent, snowdome tells what CURRENT_DATABASE() tells",
    "test_create_database_respects_if_not_exists": ITS_TEXT,
    "test_sfqid": ITS_TEXT,
    "test_current_database_schema": ITS_CASE,
    "test_info_schema_columns_describe": ITS_CASE,
    "test_info_schema_databases": ITS_CASE,
    "test_info_schema_views_with_views": ITS_CASE,
    "test_describe_table": NEWER,
    "test_describe_view": NEWER,
    "test_describe_view_columns": NEWER,
    "test_flatten": ORDER,
    "test_flatten_value_cast_as_varchar": ORDER,
    "test_random": LUCK,
    "test_sample": LUCK,
    "test_show_objects": ITS_CLOCK,
    "test_show_schemas": ITS_CLOCK,
    "test_show_tables": ITS_CLOCK,
    "test_show_primary_keys": ITS_CLOCK,
    "test_tags_noop": "sets a tag that there is not on a column that there is not: Snowflake refuses both",
    "test_transform_merge": INSIDE,
    "test_transform_merge_not_matched_condition": INSIDE,
    "test_transform_merge_complex_join_keys": INSIDE,
    "test_transform_merge_source_subquery": INSIDE,
    "test_show_users_base_case": OTHERS,
    "test_show_users_with_users": OTHERS,
    "test_write_pandas_dict_different_keys": "one frame's dictionaries are one Parquet struct, whose missing fields "
    "are null: Snowflake's documentation does not say that they vanish, snowdome keeps them",
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each test of the package ended: "passed", or what it complained of."""
    if not PACKAGE.exists():
        pytest.fail(f"{PACKAGE} is not there: `make suites` fetches it", pytrace=False)
    folder = tmp_path_factory.mktemp("fakesnow")
    with tarfile.open(PACKAGE) as package:
        members = [m for m in package.getmembers() if m.name.startswith(f"fakesnow-{VERSION}/tests/")]
        package.extractall(folder, members, filter="data")
    home = folder / f"fakesnow-{VERSION}"
    (home / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--import-mode=importlib", "-p", "no:cacheprovider"]
    plugins = ["-p", "snowdome.pytest_plugin", "-p", "fakesnow_on_snowdome", f"--junitxml={home / 'report.xml'}"]
    done = subprocess.run(
        [*command, *plugins, *(f"tests/test_{name}.py" for name in FILES)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE / "programs"), str(ROOT / "snowdome" / "src")])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return dict(_ended(case) for case in ET.parse(home / "report.xml").iter("testcase"))  # noqa: S314 (ours)


def _ended(case: ET.Element) -> tuple[str, str]:
    complaints = [mark.get("message", "") for mark in case if mark.tag in ("failure", "error")]
    return case.get("name", ""), "; ".join(complaints) or "passed"


def test_fakesnows_tests_pass(outcome: dict[str, str]) -> None:
    """Each of fakesnow's tests passes, or there is a reason."""
    assert len(outcome) > len(DIFFERENT)
    failed = {name: why for name, why in outcome.items() if why != "passed" and name not in DIFFERENT}
    assert failed == {}


def test_no_reason_is_needless(outcome: dict[str, str]) -> None:
    """Each reason is for a test that there is and that fails."""
    assert [name for name in DIFFERENT if outcome.get(name, "passed") == "passed"] == []
