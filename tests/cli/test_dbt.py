"""`sluice dbt` as it is typed: what follows the environment is dbt's, words, options and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluice.cli.dbt import _developer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def connections() -> dict[str, str]:
    """Airflow's connections of dev and staging, as variables; no account is behind them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    extra = {"account": "nowhere", "host": "127.0.0.1", "port": 1, "protocol": "http"}
    connection = {"conn_type": "snowflake", "login": "SVC", "extra": {**extra, "private_key_content": key.decode()}}
    return {f"AIRFLOW_CONN_SNOWFLAKE_{name}": json.dumps(connection) for name in ("DEV", "STAGING")}


def sluice(folder: Path, connections: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Type a command beside the sample project."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(folder)}
    environment |= {"SLUICE_ROOT": str(ROOT), "AIRFLOW_HOME": str(folder / "airflow"), "DO_NOT_TRACK": "1"}
    command = [str(Path(sys.executable).parent / "sluice"), "dbt", *words]
    return subprocess.run(
        command, cwd=folder, env={**environment, **connections}, capture_output=True, text=True, check=False
    )


def test_a_mistyped_option_is_told_by_dbt(tmp_path: Path, connections: dict[str, str]) -> None:
    """Its usage error and its exit code, whatever options the command knows."""
    done = sluice(tmp_path, connections, "dev", "ls", "--bogus")
    assert done.returncode == 2
    assert "Usage: dbt ls" in done.stderr
    assert "No such option '--bogus'" in done.stderr


def test_help_after_the_environment_is_dbts(tmp_path: Path, connections: dict[str, str]) -> None:
    """`sluice dbt dev build --help` explains dbt's build; a schema's name that cannot be is refused before."""
    done = sluice(tmp_path, connections, "dev", "build", "--help", "--developer", "ann")
    assert done.returncode == 0
    assert "--full-refresh" in done.stdout
    refused = sluice(tmp_path, connections, "dev", "--developer=ann.smith", "build", "--help")
    assert refused.returncode == 1
    assert "ANN_SMITH" in refused.stderr


def test_nobody_builds_by_hand_where_all_is_shared(tmp_path: Path, connections: dict[str, str]) -> None:
    """Where the spec gives developers no schemas of their own, it says where there are some."""
    done = sluice(tmp_path, connections, "staging", "build")
    assert done.returncode == 1
    assert "nobody builds by hand in staging" in done.stderr
    assert "dev" in done.stderr


@pytest.mark.parametrize(
    ("words", "kept", "name"),
    [
        (["build", "--developer", "ann", "-s", "a"], ["build", "-s", "a"], "ann"),
        (["--developer=ann", "run"], ["run"], "ann"),
        (["run", "--vars", "{developer: 1}"], ["run", "--vars", "{developer: 1}"], None),
        (["run", "--developer"], ["run"], None),
    ],
)
def test_the_developer_may_be_named_anywhere(words: list[str], kept: list[str], name: str | None) -> None:
    """Before the command or after it; everything else is dbt's."""
    assert _developer(words) == (kept, name)
