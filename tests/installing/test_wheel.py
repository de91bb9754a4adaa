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


def test_it_holds_the_package_whole_and_nothing_else(wheel: Path) -> None:
    """Each file of plugins/sluice and what `sluice init` writes from; no embedded account, test, data or document."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "plugins/sluice"]
    tracked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        data = {name: archive.read(name).decode() for name in names if name.startswith("sluice/shipped/")}
    assert data == {f"sluice/shipped/{name}": text for name, text in shipped((*PATTERNS, *DOOR)).items()}
    assert names - set(data) == {name.removeprefix("plugins/") for name in tracked if (ROOT / name).is_file()}


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
