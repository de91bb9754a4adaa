"""No setting is accepted and ignored: each field of a spec, of a policy and of what they become is read by somebody."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from readers import reads

from sluice.dbt.profile import Target
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
from sluice.domain.promotion.gate_policy import Check, Gates, Metric
from sluice.domain.provisioning.resources import Warehouse
from sluice.domain.specs.blocks import Block
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.promotion.gates import GATES
from sluice.settings import Settings
from sluice.snowflake import provisioning_sql
from sluice.snowflake.connect import ConnectionSettings

FOR_PEOPLE = {"description"}
"""What is written for those who read the file."""
RULED = {(EnvironmentSpec, "lifetime")}
"""What is read by the rule alone that an environment of its kind has one: the journal keeps it with the spec."""


@pytest.fixture(scope="module")
def read() -> set[tuple[type, str]]:
    """Every field that the product reads."""
    switches = {(Gates, gate.block) for gate in GATES}  # by its name: see Gate.enabled
    return set(reads()) | switches


def blocks(base: type[Block] = Block) -> Iterator[type[Block]]:
    """Yield every block of a spec or of a policy."""
    for block in base.__subclasses__():
        yield block
        yield from blocks(block)


def test_each_field_has_a_reader(read: set[tuple[type, str]]) -> None:
    """Validators are no readers: whatever is only checked does nothing."""
    assert {EnvironmentSpec, CleanupPolicy, Check, Metric} < set(blocks())
    fields: list[tuple[type, str]] = [
        (block, name) for block in blocks() for name in block.__annotations__ if name in block.model_fields
    ]
    for settings in (ConnectionSettings, Settings, Target):
        fields += [(settings, field.name) for field in dataclasses.fields(settings)]
    unread = [
        f"{cls.__name__}.{name}" for cls, name in fields if (cls, name) not in read | RULED and name not in FOR_PEOPLE
    ]
    assert unread == []


def test_what_is_not_read_is_found(read: set[tuple[type, str]]) -> None:
    """The search tells fields of one name apart, and does not take a rule for a reader."""
    assert (EnvironmentSpec, "budget") in read
    assert (EnvironmentSpec, "description") not in read
    assert (EnvironmentSpec, "lifetime") not in read


def test_each_property_of_a_warehouse_has_its_name_in_sql() -> None:
    """One that had none would be left out of CREATE WAREHOUSE without a word."""
    properties = {field.name for field in dataclasses.fields(Warehouse)} - {"name"}
    assert set(provisioning_sql._PROPERTIES) == properties
