"""Rules of the architecture that import-linter, ruff and mypy cannot check."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = [p for top in ("plugins", "snowdome/src", "dags", "include", "benchmarks") for p in (ROOT / top).rglob("*.py")]
HANDMADE = [
    p
    for p in [*CODE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "snowdome" / "tests").rglob("*.py")]
    if "target" not in p.parts and "build" not in p.parts
]
SQL = re.compile(
    r"""["'](?:(?:ALTER|CREATE|DROP|GRANT|REVOKE|UNDROP|SHOW|DESCRIBE|INSERT|MERGE|DELETE) \w+ |SELECT .* FROM )""",
)
SQL_PACKAGES = ("plugins/sluice/snowflake/", "snowdome/src/")
DIALECT = re.compile(r"\b(Hand|Hold|Closing|Wish|Household|Books|Beside|told|born|laid)\b")
"""Words of a former private dialect; docs and code use the field's terms."""


def tracked() -> list[Path]:
    """Return the files git knows."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.splitlines() if (ROOT / name).is_file()]


def test_no_file_is_too_long() -> None:
    """No file is longer than 400 lines."""
    long = {str(p.relative_to(ROOT)): n for p in HANDMADE if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def test_sql_stands_in_its_packages() -> None:
    """SQL text stands only in sluice/snowflake and snowdome."""
    strays = [
        f"{p.relative_to(ROOT)}:{number}"
        for p in CODE
        if not str(p.relative_to(ROOT)).startswith(SQL_PACKAGES)
        for number, line in enumerate(p.read_text().splitlines(), 1)
        if SQL.search(line)
    ]
    assert strays == []


def test_no_module_without_a_name() -> None:
    """No module is called utils, helpers, common, core or manager."""
    assert [str(p) for p in CODE if p.stem in {"utils", "helpers", "common", "core", "manager"}] == []


def test_test_folders_hide_no_package() -> None:
    """tests/ holds no __init__.py: tests/snowflake with one would hide the real snowflake package."""
    assert [p for name in ("tests", "snowdome/tests") for p in (ROOT / name).rglob("__init__.py")] == []


def test_the_plugins_folder_holds_the_plugin_alone() -> None:
    """Production schedulers load nothing of snowdome: it is in no file of plugins/, nor in the wheel."""
    held = {p.relative_to(ROOT / "plugins").parts[0] for p in tracked() if p.is_relative_to(ROOT / "plugins")}
    assert held == {".airflowignore", "sluice", "sluice_plugin.py"}
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert built["packages"] == ["plugins/sluice"]


@pytest.mark.parametrize(
    "name",
    [
        "constraints-airflow.txt",
        "constraints.txt",
        "constraints-dev.txt",
        "requirements.txt",
        "pyproject.toml",
        "snowdome/pyproject.toml",
        "Makefile",
        ".ci/run",
        ".ci/pins.py",
        "Dockerfile",
        "docs/installing.md",
        "docs/package.md",
    ],
)
def test_no_index_host_is_named(name: str) -> None:
    """Packages come from whatever index the machine is set up with."""
    assert not re.search(r"(--(extra-)?index-url|pypi\.org|pythonhosted|--find-links)", (ROOT / name).read_text())


def test_no_promise_is_left_open() -> None:
    """No tracked source says it will be finished later."""
    word = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|raise NotImplemented" r"Error)\b")
    open_ = [
        str(p.relative_to(ROOT))
        for p in tracked()
        if p.suffix in {".py", ".sql", ".yml"} and word.search(p.read_text())
    ]
    assert open_ == []


def test_dag_files_are_one_call() -> None:
    """A DAG file is a call into sluice.airflow.flows: fifty lines at most."""
    assert [p.name for p in (ROOT / "dags").glob("*.py") if len(p.read_text().splitlines()) > 50] == []


def test_code_uses_the_terms_of_its_field() -> None:
    """No class, function, variable or docstring uses a word of the former dialect."""
    checked = [path for path in tracked() if path.suffix in {".py", ".sql", ".yml"} and path != Path(__file__)]
    assert checked
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in checked
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if DIALECT.search(line)
    ]
    assert found == []
