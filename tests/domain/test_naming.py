"""Names of environments that come and go."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.ephemeral.ephemeral_name import LONGEST, EphemeralName, refuse_collision
from sluice.domain.names import Identifier
from sluice.errors import SpecError

DAY = date(2023, 12, 1)


def test_a_name_says_what_whose_and_when() -> None:
    """The parts make the name, and the name gives them back."""
    name = EphemeralName.make("dev", "User segmentation", "john", DAY)
    assert str(name) == "dev_user_segmentation_john_20231201"
    assert EphemeralName.parse(str(name)) == name


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        ("feature/DATA-12-user-segmentation", "dev_data_12_user_segmentation_ann_20231201"),
        ("fix/über_größe", "dev_ber_gr_e_ann_20231201"),
        ("hotfix", "dev_hotfix_ann_20231201"),
    ],
)
def test_a_branch_gives_its_name(branch: str, expected: str) -> None:
    """What stands behind the last slash is the feature."""
    assert str(EphemeralName.from_branch(branch, "dev", "ann@example.com", DAY)) == expected


def test_long_features_stay_apart() -> None:
    """Two features that begin alike and are cut do not share a name."""
    names = [EphemeralName.make("dev", "x" * 80 + end, "ann", DAY) for end in ("1", "2")]
    assert names[0] != names[1]
    assert all(len(str(name)) <= LONGEST and EphemeralName.parse(str(name)) == name for name in names)


@pytest.mark.parametrize(
    ("purpose", "feature", "owner", "field"),
    [
        ("dev", "—", "ann", "feature"),
        ("dev", "orders", "42", "owner"),
        ("1", "orders", "ann", "purpose"),
        ("dev", "Public", "ann", "feature"),
        ("dev", "Information Schema", "ann", "feature"),
    ],
)
def test_parts_that_make_no_name_are_refused(purpose: str, feature: str, owner: str, field: str) -> None:
    """The refusal names the part, its value, and a good one."""
    with pytest.raises(SpecError) as refused:
        EphemeralName.make(purpose, feature, owner, DAY)
    assert refused.value.where == field
    assert refused.value.good


@pytest.mark.parametrize(
    "text", ["prod", "dev_x_ann_20231301", "dev__ann_20231201", "Dev_x_ann_20231201", "", "x" * 90]
)
def test_what_is_no_such_name_is_refused(text: str) -> None:
    """Only the whole form is read back: a standing environment's name is none."""
    with pytest.raises(SpecError, match="purpose_feature_owner_date"):
        EphemeralName.parse(text)


def test_a_name_that_stands_already_is_refused() -> None:
    """Whatever its case."""
    name = EphemeralName.make("dev", "orders", "ann", DAY)
    refuse_collision(name, ["prod"])
    with pytest.raises(SpecError, match="exists already"):
        refuse_collision(name, ["DEV_ORDERS_ANN_20231201"])


@given(st.text(max_size=120), st.text(max_size=60), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_whatever_people_type_makes_a_safe_name_or_none(feature: str, owner: str, made: date) -> None:
    """Every name that is made is read back as itself and needs no quotes in Snowflake."""
    try:
        name = EphemeralName.make("dev", feature, owner, made)
    except SpecError:
        return
    assert EphemeralName.parse(str(name)) == name
    assert Identifier.parse(str(name)).name == str(name).upper()
