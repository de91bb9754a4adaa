"""What is required and what is pinned: ranges, the three files of constraints, and the image agree."""

from __future__ import annotations

import re
from importlib.metadata import requires, version

import pytest
from isolated import ROOT, closure, project
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from sluice.devstack.extra import MODULES

OURS = {"airflow-sluice", "snowdome"}
FILES = ("constraints-airflow.txt", "constraints.txt", "constraints-dev.txt")
IMAGE = {
    "apache-airflow": "3.3.0",
    "apache-airflow-providers-common-compat": "1.15.0",
    "apache-airflow-providers-common-io": "1.8.0",
    "apache-airflow-providers-common-sql": "2.0.1",
    "apache-airflow-providers-smtp": "3.0.1",
    "apache-airflow-providers-standard": "1.15.0",
}
"""What Astro Runtime 3.3-1 and 3.3-2 bring, by Astronomer's table of providers."""


def requirements(lines: list[str]) -> dict[str, Requirement]:
    """Return the requirements of these lines by the package's name; comments and options are passed over."""
    texts = [line.split("#")[0].strip() for line in lines]
    found = [Requirement(text) for text in texts if text and not text.startswith("-")]
    return {str(canonicalize_name(one.name)): one for one in found}


def pins(*names: str) -> dict[str, Version]:
    """Return the versions that these files pin here: lines whose marker is of another Python or system do not count."""
    found: dict[str, Version] = {}
    for name in names:
        lines = [line for line in (ROOT / name).read_text().splitlines() if line[:1] not in "#-"]
        for one in map(Requirement, lines):
            assert str(one.specifier).startswith("=="), one
            if one.marker is None or one.marker.evaluate():
                key = str(canonicalize_name(one.name))
                assert key not in found, f"{key} is pinned twice"
                found[key] = Version(str(one.specifier).removeprefix("=="))
    return found


def test_requirements_are_those_of_the_package_without_airflow() -> None:
    """requirements.txt, for images and plugins folders, asks for what the wheel asks for; the image has its Airflow."""
    wanted = requirements(project()["dependencies"])
    del wanted["apache-airflow"]
    assert requirements((ROOT / "requirements.txt").read_text().splitlines()) == wanted


def test_every_range_admits_what_is_pinned() -> None:
    """Each direct requirement, extras among them, is pinned, within its own range."""
    ranges = [line for table in (project(), project("snowdome")) for line in table["dependencies"]]
    ranges += [line for extra in project()["optional-dependencies"].values() for line in extra]
    pinned = pins(*FILES)
    for one in map(Requirement, ranges):
        if one.name not in OURS:
            assert pinned[canonicalize_name(one.name)] in one.specifier, one


def test_pins_are_shared_out_by_purpose() -> None:
    """Airflow's own, production's beyond it, development's: no package in a file where it does not belong."""
    airflow = closure("apache-airflow")
    production = closure("airflow-sluice[notify]") - OURS
    development = closure("airflow-sluice[dev]") - OURS
    assert set(pins("constraints-airflow.txt")) == airflow
    assert set(pins("constraints.txt")) >= production - airflow
    assert set(pins("constraints.txt")).isdisjoint(development - production)
    assert set(pins("constraints-dev.txt")) == development - production - airflow


def test_this_environment_has_what_is_pinned() -> None:
    """The tests ran with the versions that the files name."""
    pinned = pins(*FILES)
    here = closure("airflow-sluice[dev]") - OURS
    assert {name: version(name) for name in here if Version(version(name)) != pinned[name]} == {}


@pytest.mark.parametrize("extra", ["production", "notify"])
def test_an_image_keeps_its_providers(extra: str) -> None:
    """No range asks an Airflow 3.3 image for a newer version of what it brings, and no pin reaches for it."""
    lines = project()["dependencies"] if extra == "production" else project()["optional-dependencies"][extra]
    for name, one in requirements(lines).items():
        assert name not in IMAGE or Version(IMAGE[name]) in one.specifier, one
    assert set(IMAGE).isdisjoint(pins("constraints.txt"))


def test_channels_are_optional() -> None:
    """No provider of a channel is required: Slack, SMTP and PagerDuty are the extra `notify`."""
    names = set(requirements((ROOT / "requirements.txt").read_text().splitlines()))
    channels = {f"apache-airflow-providers-{name}" for name in ("slack", "smtp", "pagerduty")}
    assert names.isdisjoint(channels)
    assert set(requirements(project()["optional-dependencies"]["notify"])) == channels


def test_what_a_laptop_needs_is_asked_for_by_name() -> None:
    """The modules that the stack of a laptop looks for are those that the extra `local` installs."""
    assert set(MODULES) == set(requirements(project()["optional-dependencies"]["local"]))


def test_connector_5_is_excluded_by_others_too() -> None:
    """What docs/installing.md quotes is what the pinned packages require: once they admit 5, try it anew."""
    text = (ROOT / "docs" / "installing.md").read_text()
    for name in ("dbt-snowflake", "snowflake-snowpark-python"):
        (line,) = (one for one in requires(name) or () if one.startswith("snowflake-connector") and "extra" not in one)
        assert f"{name} {version(name)} `{line}`" in text
        assert Version("5.2.0") not in Requirement(line).specifier
    assert Version("5.2.0") not in requirements(project()["dependencies"])["snowflake-connector-python"].specifier


def test_the_image_is_built_with_the_pins() -> None:
    """A base without build logic of its own, requirements with constraints, the command; what it copies is there."""
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^FROM \S+/runtime:3\.3-\d+-base$", text, re.MULTILINE)
    assert "pip install --no-cache-dir -c constraints.txt -r requirements.txt" in text
    assert "pip install --no-cache-dir --no-deps -e ." in text
    for names in re.findall(r"^COPY (?!--chown)(.*) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).is_file() for name in names.split())
    kept_out = set((ROOT / ".dockerignore").read_text().split())
    assert kept_out.isdisjoint({"dags", "docs", "include", "plugins", "pyproject.toml", "hatch_build.py", "LICENSE"})
    assert kept_out >= {".git", ".venv", "airflow_settings.yaml", "build"}
