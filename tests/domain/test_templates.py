"""Templates of the environments that come and go, and what is made from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request, Template, load_templates, specify
from sluice.domain.names import Qualified
from sluice.domain.provisioning.plan import plan
from sluice.domain.provisioning.resources import PlanningContext, Resources
from sluice.domain.provisioning.steps import SetMonitor
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec, load_environments
from sluice.errors import SpecError
from sluice.snowflake.apply import statements_of

INCLUDE = Path(__file__).resolve().parents[2] / "include" / "environments"
NOW = datetime(2023, 12, 1, 9, tzinfo=UTC)
TEMPLATES = load_templates(INCLUDE / "templates")
STANDING = load_environments(INCLUDE)


def asked(kind: Kind = Kind.FEATURE, **wishes: Any) -> Request:
    """A request of John's for a feature."""
    name = EphemeralName.make(TEMPLATES[kind].purpose, "user segmentation", "john", NOW.date())
    return replace(Request(name, "john", "data-science", "segments by recency"), **wishes)


def made(kind: Kind = Kind.FEATURE, **wishes: Any) -> EnvironmentSpec:
    """The spec of that request."""
    return specify(TEMPLATES[kind], asked(kind, **wishes), STANDING, NOW)


def test_each_kind_that_comes_and_goes_has_a_template() -> None:
    """Those of the requirements, with their budgets: 25 dollars and a week for a feature, 5 and two hours for tests."""
    assert set(TEMPLATES) == {kind for kind in Kind if not kind.standing}
    assert {Kind.FEATURE, Kind.TESTING, Kind.SANDBOX} <= set(TEMPLATES)
    feature, testing = TEMPLATES[Kind.FEATURE], TEMPLATES[Kind.TESTING]
    assert (feature.budget.daily_usd, feature.lifetime.hours) == (Decimal(25), 7 * 24)
    assert (testing.budget.daily_usd, testing.lifetime.hours) == (Decimal(5), 2)


def test_one_request_makes_a_whole_environment() -> None:
    """Database, compute, access, budget and lifetime follow from the name and the template."""
    spec = made()
    assert spec.name == "dev_user_segmentation_john_20231201"
    assert str(spec.database.name) == "DEV_USER_SEGMENTATION_JOHN_20231201"
    assert str(spec.warehouse.name) == "DEV_USER_SEGMENTATION_JOHN_20231201_WH"
    assert spec.base is not None
    assert (spec.base.environment, str(spec.base.database)) == ("prod", "OLIST_PROD")
    assert spec.access.shared_user
    assert spec.tags["EXPIRES"] == "2023-12-08T09:00:00Z"
    assert {"KIND", "OWNER", "TEAM", "PURPOSE"} <= set(spec.tags)


def test_a_spec_survives_the_journal() -> None:
    """What is written down as JSON is read back as the same spec."""
    spec = made(schemas=("marts",), at=NOW - timedelta(hours=1), daily_usd=Decimal("7.5"))
    assert EnvironmentSpec.model_validate_json(spec.model_dump_json()) == spec


def test_an_empty_one_has_no_base() -> None:
    """A base of nothing is an empty database; nothing said is what the template says."""
    assert made(base="").base is None
    assert made(Kind.SANDBOX).base is None


@pytest.mark.parametrize(
    ("wishes", "field", "good"),
    [
        ({"hours": 721}, "hours", "168"),
        ({"hours": 0}, "hours", "168"),
        ({"daily_usd": Decimal(101)}, "daily_usd", "25"),
        ({"daily_usd": Decimal(0)}, "daily_usd", "25"),
        ({"base": "production"}, "base", "prod"),
        ({"base": "", "schemas": ("marts",)}, "base", "prod"),
        ({"schemas": ('x"; drop',)}, "schemas", None),
    ],
)
def test_wishes_beyond_the_kind_are_refused(wishes: dict[str, Any], field: str, good: str | None) -> None:
    """The refusal names the field and a good value; nothing is made."""
    with pytest.raises(SpecError) as refused:
        made(**wishes)
    assert refused.value.where == field
    assert good is None or good in str(refused.value.good)


def test_a_name_of_another_kind_is_refused() -> None:
    """A feature is not named like a test run."""
    request = asked(Kind.TESTING)
    with pytest.raises(SpecError, match="begin with dev"):
        specify(TEMPLATES[Kind.FEATURE], request, STANDING, NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "production"}, "are permanent"),
        ({"max_daily_usd": 1}, "exceeds max_daily_usd"),
        ({"lifetime": {"hours": 5, "max_hours": 2}}, "exceeds max_hours"),
        ({"database": {"transient": True, "retention_days": 7}}, "at most 1 day"),
    ],
)
def test_a_template_that_contradicts_itself_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    """Before anything is made from it."""
    content = yaml.safe_load((INCLUDE / "templates" / "feature.yml").read_text()) | change
    (tmp_path / "feature.yml").write_text(yaml.safe_dump(content))
    with pytest.raises(SpecError, match=words):
        load_templates(tmp_path)


def test_two_templates_of_one_kind_are_refused(tmp_path: Path) -> None:
    """Nobody could say which one counts."""
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text((INCLUDE / "templates" / "feature.yml").read_text())
    with pytest.raises(SpecError, match="of this kind already"):
        load_templates(tmp_path)


def test_standing_environments_have_no_lifetime(tmp_path: Path) -> None:
    """A file of its own is for what stands; what comes and goes is made from a template."""
    content = yaml.safe_load((INCLUDE / "development.yml").read_text())
    (tmp_path / "dev.yml").write_text(yaml.safe_dump(content | {"kind": "feature"}))
    with pytest.raises(SpecError, match="template"):
        load_environments(tmp_path)
    assert isinstance(TEMPLATES[Kind.FEATURE], Template)


def test_a_monitor_by_an_administrators_procedure() -> None:
    """Where the admin connection may not make monitors, the plan calls the procedure that the template names."""
    template = TEMPLATES[Kind.FEATURE].model_copy(
        update={"monitor_procedure": Qualified.parse("SLUICE.CONTROL.GUARD_WAREHOUSE")}
    )
    spec = specify(template, asked(base=""), STANDING, NOW)
    may_not = PlanningContext(may_monitor=False)
    whole = plan(spec, Resources(), NOW, fingerprint="x", public_key="x", context=may_not)
    (step,) = [step for step in whole.steps if isinstance(step, SetMonitor)]
    (statement,) = statements_of(step)
    assert statement.sql == 'CALL "SLUICE"."CONTROL"."GUARD_WAREHOUSE"(%s, %s, %s)'
    assert statement.params == (spec.warehouse.name.name, f"{spec.database.name}_RM", 13)
    assert not any("no resource monitor" in note for note in whole.notes)
    with pytest.raises(ValidationError, match="database"):
        Template.model_validate(template.model_dump() | {"monitor_procedure": "guard(); drop"})
