"""The wheel: what is in it, what is not, and what an index shows of it."""

from __future__ import annotations

import re
import subprocess
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from isolated import ROOT

from sluice import __version__
from sluice.cli.shipped import DOOR, PATTERNS, shipped


@pytest.fixture
def metadata(wheel: Path) -> Message:
    """The wheel's METADATA."""
    with ZipFile(wheel) as archive:
        return message_from_string(archive.read(f"airflow_sluice-{__version__}.dist-info/METADATA").decode())


SHIPPED = "sluice/shipped/"


def test_it_holds_both_packages_whole_and_what_init_writes(wheel: Path) -> None:
    """Each file of plugins/sluice and plugins/snowdome, data files among them, and below sluice/shipped; no more."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "plugins/sluice", "plugins/snowdome"]
    tracked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and not name.startswith(SHIPPED)}
    assert names == {name.removeprefix("plugins/") for name in tracked if (ROOT / name).is_file()}


def test_init_writes_the_very_files_of_the_repository(wheel: Path) -> None:
    """What the wheel ships for `sluice init` is, byte for byte, what lies here."""
    here = shipped((*PATTERNS, *DOOR))
    with ZipFile(wheel) as archive:
        there = {
            name.removeprefix(SHIPPED): archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith(SHIPPED)
        }
    assert there == here
    assert {"include/environments/templates/feature.yml", "dags/environments.py", "airflow_settings.yaml"} <= set(here)


def test_it_bears_its_licence(wheel: Path, metadata: Message) -> None:
    """The licence's text is in it, and its metadata name the licence."""
    with ZipFile(wheel) as archive:
        text = archive.read(f"airflow_sluice-{__version__}.dist-info/licenses/LICENSE").decode()
    assert text == (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert metadata["License-Expression"] == "Apache-2.0"


def test_its_entry_points_are_the_command_and_the_plugin(wheel: Path) -> None:
    """The command `sluice`, and Airflow's plugin."""
    with ZipFile(wheel) as archive:
        text = archive.read(f"airflow_sluice-{__version__}.dist-info/entry_points.txt").decode()
    assert "[console_scripts]\nsluice = sluice.cli:main" in text
    assert "[airflow.plugins]\nsluice = sluice.airflow.plugin:SluicePlugin" in text


def test_an_index_can_show_it(metadata: Message) -> None:
    """Version, author, classifiers, keywords, and a description without a link that only a checkout resolves."""
    assert metadata["Version"] == __version__
    assert metadata["Author"]
    assert metadata["Keywords"]
    assert "Framework :: Apache Airflow" in metadata.get_all("Classifier", [])
    description = metadata.get_payload()
    assert isinstance(description, str)
    assert description.startswith("# airflow-sluice")
    assert [link for link in re.findall(r"\]\(([^)]*)\)", description) if not link.startswith("https://")] == []


def test_the_extras_are_those_of_the_documentation(metadata: Message) -> None:
    """docs/installing.md and docs/package.md tell each extra of a deployment, and no other."""
    extras = set(metadata.get_all("Provides-Extra", [])) - {"dev"}
    for name in ("installing.md", "package.md"):
        rows = [line for line in (ROOT / "docs" / name).read_text().splitlines() if line.startswith("| `")]
        assert {extra for row in rows for extra in re.findall(r"`(\w+)`", row.split("|")[1])} == extras
