"""Each kind of mistake in a spec is refused with file, field, bad value and a good one."""

from __future__ import annotations

import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from pydantic import ValidationError

from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import JOURNALLED, AtLimit
from sluice.domain.specs.environment import EnvironmentSpec, chain_to, load_environments, readable_environments
from sluice.domain.yaml_loader import each_error
from sluice.errors import SpecError

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "environments"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped specs to spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "environments"))


@pytest.fixture(scope="module")
def shipped() -> dict[str, EnvironmentSpec]:
    """The specs that ship."""
    return load_environments(SHIPPED)


def test_the_shipped_specs_come_upstream_first(shipped: dict[str, EnvironmentSpec]) -> None:
    """Dev feeds staging, staging feeds prod."""
    assert list(shipped) == ["dev", "staging", "prod"]
    assert [one.upstream for one in shipped.values()] == [None, "dev", "staging"]


def test_the_shipped_specs_have_the_required_compute(shipped: dict[str, EnvironmentSpec]) -> None:
    """Sizes, suspension, clusters and dollars an hour are those of the requirements."""
    found = {
        name: (
            one.warehouse.size,
            one.warehouse.auto_suspend,
            (one.warehouse.min_cluster_count, one.warehouse.max_cluster_count, one.warehouse.scaling_policy),
            2 * one.warehouse.size.credits_per_hour,
        )
        for name, one in shipped.items()
    }
    assert found == {
        "dev": (Size.SMALL, 60, (1, 2, "STANDARD"), 4),
        "staging": (Size.MEDIUM, 120, (1, 2, "STANDARD"), 8),
        "prod": (Size.LARGE, 300, (1, 10, "ECONOMY"), 16),
    }
    assert shipped["prod"].warehouse.promotion_size is Size.XLARGE


def test_the_shipped_specs_have_the_required_budgets_and_limits(shipped: dict[str, EnvironmentSpec]) -> None:
    """Budgets, thresholds and limits are those of the requirements; production is never stopped."""
    dev, prod = shipped["dev"], shipped["prod"]
    assert (dev.budget.daily_usd, dev.budget.hourly_usd, dev.budget.alert_at_percent) == (Decimal(50), Decimal(10), 80)
    assert (prod.budget.daily_usd, prod.budget.hourly_usd) == (Decimal(500), Decimal(50))
    assert (prod.budget.alert_at_percent, prod.budget.at_limit) == (90, AtLimit.WATCH)
    assert (dev.limits.concurrent_queries, dev.limits.queue_timeout, dev.limits.statement_timeout) == (5, 1800, 3600)
    assert [one.dbt.threads for one in shipped.values()] == [4, 8, 12]
    assert [one.session.login_timeout for one in shipped.values()] == [30, 60, 120]
    assert [(one.dbt.warn_if, one.dbt.error_if) for one in shipped.values()] == [
        (">100", ">1000"),
        (">10", ">100"),
        (">1", ">10"),
    ]


MISTAKES = [
    ("min_cluster_count: 1", "min_cluster_count: 0", "warehouse.min_cluster_count", 0, "1"),
    ("size: SMALL", "size: SMAL", "warehouse.size", "SMAL", "SMALL"),
    ("size: SMALL", "sise: SMALL", "warehouse", None, None),
    ("auto_suspend: 60", "auto_suspends: 60", "warehouse.auto_suspends", 60, "auto_suspend"),
    ("name: OLIST_DEV\n", "name: ' OLIST_DEV'\n", "database.name", " OLIST_DEV", "OLIST_DEV"),
    ("name: OLIST_DEV\n", "name: 2026_11\n", "database.name", 202611, '"202611", with the quotes'),
    ("name: OLIST_DEV\n", "name: 'OLIST\"DEV'\n", "database.name", 'OLIST"DEV', "OLIST_DEV"),
    ("retention_days: 7", "retention_days: 7\n  transient: true", "database", None, "retention_days: 1"),
    ("daily_usd: 50", "daily_usd: 0", "budget.daily_usd", 0, "25"),
    ("daily_usd: 50", "daily_usd: -5", "budget.daily_usd", -5, "25"),
    ("daily_usd: 50", "daily_usd: .inf", "budget.daily_usd", "inf", None),
    ("hourly_usd: 10", "hourly_usd: 0", "budget.hourly_usd", 0, None),
    ("hourly_usd: 10", "hourly_usd: 51", "budget", None, "hourly_usd: 50"),
    ("at_limit: suspend", "zone: Europe/Berln", "budget.zone", "Europe/Berln", "Europe/Berlin"),
    ("at_limit: suspend", "zone: ''", "budget.zone", "", "Europe/Berlin"),
    ("max_cluster_count: 2", "max_cluster_count: 0", "warehouse.max_cluster_count", 0, "1"),
    ("min_cluster_count: 1", "min_cluster_count: 3", "warehouse", None, "max_cluster_count: 3"),
    ("scaling_policy: STANDARD", "scaling_policy: FAST", "warehouse.scaling_policy", "FAST", "'STANDARD' or 'ECONOMY'"),
    ("kind: development", "kind: develop", "kind", "develop", "'production'"),
    ("name: dev\n", "name: Dev!\n", "name", "Dev!", None),
    ("at_limit: suspend", "at_limit: explode", "budget.at_limit", "explode", "'suspend'"),
    ("sources: [OLIST_RAW]", "sources: [OLIST_DEV]", "", None, None),
    ("criticality: low", "criticality: low\n  watch: [cost]", "monitoring.watch", "['cost']", "freshness_hours"),
    ("dbt:\n", "dbt:\n  severity: warn\n", "dbt.severity", "warn", "warn_if and error_if"),
    ("strategy: in_place", "strategy: in_place\n  retained: 3", "promotion.retained", 3, "retained_days"),
    (
        "strategy: in_place",
        "strategy: blue_green\n  schedule: '@daily'",
        "promotion.schedule",
        "@daily",
        "leave it out",
    ),
    ("strategy: in_place", "strategy: blue_green", "", None, "promotion: {strategy: in_place}, or leave it out"),
]
NO_SCHEDULES = ("0 25 * * *", "0 6 * *", "0 0 31 2 *", "0 6 * * R", "H 6 * * *", "@dayly", "every day", "", 6, [6])
NO_ZONES = ("Europe/Berln", "Europe", "localtime", "posix/Europe/Berlin", "../etc/passwd", "", "CEST", 1)


@pytest.mark.parametrize(("right", "wrong", "field", "value", "good"), MISTAKES)
def test_a_mistake_is_named(
    *, folder: Path, right: str, wrong: str, field: str, value: object, good: str | None
) -> None:
    """The error says where it is, what was found and what would be right."""
    file = folder / "development.yml"
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong, 1))
    with pytest.raises(SpecError) as refused:
        load_environments(folder)
    error = refused.value
    assert str(file) in str(error.where)
    assert field in str(error.where).removeprefix(str(file))
    if value is not None:
        assert str(error.value) == str(value)
    if good is not None:
        assert good in str(error.good)


@pytest.mark.parametrize("schedule", NO_SCHEDULES)
def test_a_schedule_that_is_none_is_named(folder: Path, schedule: object) -> None:
    """What Airflow cannot read, what never comes, what is another time at each reading: refused with a good one."""
    refused = mistaken(folder, "strategy: in_place", f"strategy: in_place\n  schedule: {json.dumps(schedule)}")
    assert (refused.where, refused.value) == (f"{folder / 'development.yml'}: promotion.schedule", schedule)
    assert '"0 6 * * *"' in str(refused.good)


@pytest.mark.parametrize("schedule", ["0 6 * * *", "*/15 8-18 * * MON-FRI", "0 6 * * 1#2", "0 6 L MAR *", "@quarterly"])
def test_a_schedule_is_taken_as_airflow_takes_it(folder: Path, schedule: str) -> None:
    """Cron with names of days and months, and Airflow's own names."""
    file = folder / "development.yml"
    file.write_text(file.read_text().replace("strategy: in_place", f"strategy: in_place\n  schedule: '{schedule}'"))
    assert load_environments(folder)["dev"].promotion.schedule == schedule


@pytest.mark.parametrize("zone", NO_ZONES)
@pytest.mark.parametrize(
    ("file", "right", "field"),
    [
        ("development.yml", "hours:", "hours.zone"),
        ("development.yml", "budget:", "budget.zone"),
        ("production.yml", "warehouse_schedule:", "warehouse_schedule.zone"),
    ],
)
def test_a_zone_that_is_none_is_named(*, folder: Path, file: str, right: str, field: str, zone: object) -> None:
    """Wherever a file names a zone: hours, budgets, clusters by the time of the day."""
    path = folder / file
    text = re.sub(r"^  zone: .*\n", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(re.sub(rf"^{right}.*$", f"{right}\n  zone: {json.dumps(zone)}", text, flags=re.MULTILINE))
    with pytest.raises(SpecError) as refused:
        load_environments(folder)
    errors = {str(error.where): error for error in each_error(refused.value)}
    assert errors[f"{path}: {field}"].value == zone
    assert errors[f"{path}: {field}"].message == "no such time zone"
    assert str(errors[f"{path}: {field}"].good).partition("/")[0] in {"Europe", *available_timezones()}


def mistaken(folder: Path, right: str, wrong: str) -> SpecError:
    """Return the refusal of development.yml with this change."""
    file = folder / "development.yml"
    file.write_text(file.read_text().replace(right, wrong, 1))
    with pytest.raises(SpecError) as refused:
        load_environments(folder)
    return refused.value


def test_what_an_earlier_version_wrote_into_the_journal_is_read(shipped: dict[str, EnvironmentSpec]) -> None:
    """Keys that are gone are passed over in the journal, and nowhere else."""
    content = shipped["dev"].model_dump(mode="json")
    content["monitoring"]["watch"], content["promotion"]["retained"] = ["cost"], 3
    assert EnvironmentSpec.model_validate(content, context=JOURNALLED) == shipped["dev"]
    with pytest.raises(ValidationError):
        EnvironmentSpec.model_validate(content)


def test_a_missing_key_is_named(folder: Path) -> None:
    """A block that has to be there is asked for by name."""
    file = folder / "development.yml"
    file.write_text(file.read_text().replace("  role: SLUICE_DEV\n", ""))
    with pytest.raises(SpecError, match="key is missing") as refused:
        load_environments(folder)
    assert "access.role" in str(refused.value.where)


def test_an_unknown_upstream_is_refused_with_the_nearest_name(folder: Path) -> None:
    """A misspelt upstream meets the name that was meant."""
    file = folder / "production.yml"
    file.write_text(file.read_text().replace("upstream: staging", "upstream: stagin"))
    with pytest.raises(SpecError, match="no such environment") as refused:
        load_environments(folder)
    assert (refused.value.value, refused.value.good) == ("stagin", "staging")


def test_environments_that_feed_each_other_are_refused(folder: Path) -> None:
    """A circle of upstreams is shown as one."""
    file = folder / "development.yml"
    file.write_text(file.read_text().replace("name: dev\n", "name: dev\nupstream: prod\n", 1))
    with pytest.raises(SpecError, match="circle: dev → prod → staging → dev"):
        load_environments(folder)


@pytest.mark.parametrize("field", ["database.name", "warehouse.name", "access.role"])
def test_two_environments_never_share(folder: Path, field: str) -> None:
    """A database, warehouse or role belongs to one environment."""
    mine = {"database.name": "OLIST_STAGING", "warehouse.name": "SLUICE_STAGING_WH", "access.role": "SLUICE_STAGING"}
    theirs = {"database.name": "OLIST_PROD", "warehouse.name": "SLUICE_PROD_WH", "access.role": "SLUICE_PROD"}
    file = folder / "staging.yml"
    file.write_text(file.read_text().replace(f": {mine[field]}\n", f": {theirs[field]}\n"))
    with pytest.raises(SpecError, match="has this one already") as refused:
        load_environments(folder)
    assert field in str(refused.value.where)


def test_a_key_said_twice_is_refused(folder: Path) -> None:
    """YAML would take the last one silently."""
    file = folder / "development.yml"
    file.write_text(file.read_text() + "\nkind: staging\n")
    with pytest.raises(SpecError, match="said twice"):
        load_environments(folder)


def test_a_promotable_database_is_never_transient(folder: Path) -> None:
    """After a swap, live would have lost its fail-safe."""
    file = folder / "production.yml"
    file.write_text(file.read_text().replace("retention_days: 7", "retention_days: 1\n  transient: true", 1))
    with pytest.raises(SpecError, match="never transient"):
        load_environments(folder)


def test_a_folder_without_specs_is_refused(tmp_path: Path) -> None:
    """Nothing specified is a mistake too."""
    with pytest.raises(SpecError, match="no environment"):
        load_environments(tmp_path)


def test_what_can_be_read_is_read_beside_what_cannot(folder: Path) -> None:
    """A spec that is wrong, and those whose releases come through it, are left out; what is wrong is said once."""
    staging = folder / "staging.yml"
    staging.write_text(staging.read_text() + "\nwarehouses: {}\n")
    specs, errors = readable_environments(folder)
    assert list(specs) == ["dev"]
    assert [Path(str(error.where).split(":")[0]).name for error in errors] == ["staging.yml"]
    with pytest.raises(SpecError, match=r"staging\.yml"):
        load_environments(folder)


def test_two_files_of_one_name_leave_the_first(folder: Path) -> None:
    """A copy that was not renamed takes nothing from the environment whose name it bears."""
    shutil.copy(folder / "production.yml", folder / "production_copy.yml")
    specs, errors = readable_environments(folder)
    assert list(specs) == ["dev", "staging", "prod"]
    assert ["production_copy.yml" in str(error.where) for error in errors] == [True]


def test_a_chain_leads_from_the_first_environment(shipped: dict[str, EnvironmentSpec]) -> None:
    """Whatever reaches production has come through dev and staging."""
    assert chain_to("prod", shipped) == ["dev", "staging", "prod"]
    assert chain_to("dev", shipped) == ["dev"]


@pytest.mark.parametrize(
    ("spelt", "size"),
    [
        ("X-Small", "XSMALL"),
        ("2X-Large", "XXLARGE"),
        ("X2LARGE", "XXLARGE"),
        ("'4X-LARGE'", "X4LARGE"),
        ("xlarge", "XLARGE"),
    ],
)
def test_sizes_are_read_in_every_spelling(spelt: str, size: str) -> None:
    """SHOW, ALTER and people spell sizes differently."""
    assert Size.read(spelt) is Size(size)


def test_each_size_costs_twice_the_one_below() -> None:
    """From 1 credit an hour for X-Small to 512 for 6X-Large."""
    assert [one.credits_per_hour for one in Size] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
