"""The release store by its address: opened, or refused with what to install before anything is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sluice.airflow.store import open_store
from sluice.errors import SpecError


@pytest.mark.parametrize("address", ["{}", "file://{}"])
def test_a_folder_is_a_store(address: str, tmp_path: Path) -> None:
    """A folder is opened by its path or its address; what is written there is there."""
    store = open_store(address.format(tmp_path))
    (store / "releases").mkdir()
    (store / "releases" / "one").write_text("kept")
    assert (tmp_path / "releases" / "one").read_text() == "kept"


@pytest.mark.parametrize(
    ("address", "extra"),
    [("s3://bucket/sluice", "s3"), ("gs://bucket/sluice", "gcs"), ("abfss://bucket/sluice", "azure")],
)
def test_a_bucket_without_its_package_names_the_extra(address: str, extra: str) -> None:
    """The variable, the address and the command that mends it; where tests run, no bucket's package is installed."""
    with pytest.raises(SpecError, match="cannot be opened") as refused:
        open_store(address)
    assert refused.value.where == "SLUICE_STORE"
    assert refused.value.value == address
    assert refused.value.good == f"pip install 'airflow-sluice[{extra}]'"


def test_a_scheme_that_nothing_opens_is_refused() -> None:
    """A typing error in the scheme shows addresses that would do."""
    with pytest.raises(SpecError, match="no package is known") as refused:
        open_store("s4://bucket/sluice")
    assert "s3://bucket/sluice" in str(refused.value)


def test_a_connection_without_its_provider_is_refused() -> None:
    """Without a connection fsspec opens `memory://` by itself, but no provider of Airflow reads a connection for it."""
    with pytest.raises(SpecError, match="reads connection team is not installed"):
        open_store("memory://team@bucket/sluice")


def test_validate_says_it(tmp_path: Path) -> None:
    """`sluice validate` tells it among what it finds, with the cure."""
    done = subprocess.run(
        [sys.executable, "-c", "from sluice.cli import main; main()", "validate"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path), "SLUICE_STORE": "s3://a/b"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "error SLUICE_STORE: s3://a/b" in done.stdout
    assert "cure: pip install 'airflow-sluice[s3]'" in done.stdout
    assert "Traceback" not in done.stderr
