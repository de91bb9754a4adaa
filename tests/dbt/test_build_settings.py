"""What a build depends on beside its code is compared with what live was built with."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.dbt.build_settings import build_settings, changed_seeds, changed_settings
from sluice.dbt.invoke import Invocation
from sluice.dbt.profile import Target

LARGE = "id,name\n" + "1,somebody\n" * 110_000


def invocation(folder: Path, **variables: object) -> Invocation:
    """How dbt is called for a project."""
    target = Target("prod", "acme", "svc", "R", "W", "D", "ANALYTICS", 1)
    return Invocation(folder, target, folder.parent / "home", variables)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "dbt_project.yml": "name: shop\nvars: {threshold: 5}\n",
        "models/orders.sql": 'select \'{{ env_var("COUNTRY", "de") }}\' as country',
        "seeds/large.csv": LARGE,
        "seeds/small.csv": "id\n1\n",
        "dbt_packages/dates/dbt_project.yml": "name: dates\nvars: {start: 2020-01-01}\n",
    }.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "shop"


def test_nothing_changed(project: Path) -> None:
    """The same project, the same environment: nothing but the code has to be compared."""
    before, now = build_settings(invocation(project)), build_settings(invocation(project))
    assert changed_settings(before, now) == ()
    assert changed_seeds(before, now) == ()


def test_what_dbt_does_not_compare_is_seen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vars of the project and of its packages, environment variables, the target, the spec's variables."""
    before = build_settings(invocation(project))
    (project / "dbt_project.yml").write_text("name: shop\nvars: {threshold: 99}\n")
    assert changed_settings(before, build_settings(invocation(project))) == ("vars of dbt_project.yml",)
    (project / "dbt_project.yml").write_text("name: shop\nvars: {threshold: 5}\n")
    (project / "dbt_packages/dates/dbt_project.yml").write_text("name: dates\nvars: {start: 2021-01-01}\n")
    assert changed_settings(before, build_settings(invocation(project))) == ("vars of dbt_project.yml",)
    monkeypatch.setenv("COUNTRY", "fr")
    now = build_settings(invocation(project, sla_hours=4))
    assert changed_settings(before, now) == (
        "variables of the environment's spec",
        "vars of dbt_project.yml",
        "environment variables",
    )
    assert "fr" not in str(now["environment variables"])


def test_a_large_seed_is_compared_by_its_content(project: Path) -> None:
    """A small one dbt compares itself; of one above a MiB it looks at the path alone."""
    before = build_settings(invocation(project))
    (project / "seeds/small.csv").write_text("id\n2\n")
    (project / "seeds/large.csv").write_text(LARGE.replace("somebody", "nobody", 1))
    now = build_settings(invocation(project))
    assert changed_settings(before, now) == ()
    assert changed_seeds(before, now) == ("seeds/large.csv",)


def test_what_an_earlier_version_kept_is_understood(project: Path) -> None:
    """It kept the spec's variables alone: those are compared, and large seeds are built once more."""
    now = build_settings(invocation(project, sla_hours=4))
    assert changed_settings({"sla_hours": 4}, now) == ()
    assert changed_settings({"sla_hours": 5}, now) == ("variables of the environment's spec",)
    assert changed_seeds({"sla_hours": 4}, now) == ("seeds/large.csv",)
