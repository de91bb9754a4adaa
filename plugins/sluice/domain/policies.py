"""What include/policies may say: thresholds of the gates, and the checks that live must pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sluice.domain.blocks import Block, EnvironmentName, Name
from sluice.domain.reading import read_model, read_yaml, validated
from sluice.errors import SpecError

Percent = Annotated[Decimal, Field(ge=0, le=1000)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


def _select(text: str) -> str:
    if not re.match(r"\s*(select|with)\b", text, re.IGNORECASE) or ";" in text.rstrip().rstrip(";"):
        raise ValueError("one SELECT, e.g. select count(*) from marts.fct_orders")
    return text.strip().rstrip(";")


Query = Annotated[str, AfterValidator(_select)]


class DbtGate(Block):
    """No model failed; of tests, at most so many warn."""

    enabled: bool = True
    warnings_marginal: Annotated[int, Field(ge=0)] = 0
    """More warnings than this: marginal."""
    warnings_fail: Annotated[int, Field(ge=0)] | None = None
    """More warnings than this: fail; nothing: warnings never fail."""


class QualityGate(Block):
    """The share of data tests that pass, weighted by rows where known."""

    enabled: bool = True
    pass_at: Share = Decimal("0.95")
    marginal_at: Share = Decimal("0.90")


class RowCountGate(Block):
    """How far the rows of a table may drift from live's, in percent of live's."""

    enabled: bool = True
    shrink_marginal: Percent = Decimal(5)
    shrink_fail: Percent = Decimal(20)
    grow_marginal: Percent = Decimal(50)
    grow_fail: Percent = Decimal(200)
    ignore_below_rows: Annotated[int, Field(ge=0)] = 100
    """Tables smaller than this in live are not judged."""
    schemas: tuple[Name, ...] = ()
    """Only these schemas; none named: all."""


class ColumnsGate(Block):
    """Columns that consumers know are still there, with their types."""

    enabled: bool = True
    removed: Literal["pass", "marginal", "fail"] = "fail"
    retyped: Literal["pass", "marginal", "fail"] = "fail"
    added: Literal["pass", "marginal", "fail"] = "pass"
    relation_removed: Literal["pass", "marginal", "fail"] = "marginal"
    schemas: tuple[Name, ...] = ()


class Metric(Block):
    """One number that old and new must roughly agree on; its query names `schema.table` only."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    sql: Query
    tolerance_percent: Percent
    fail_percent: Percent | None = None
    """Beyond the tolerance: marginal, unless this is given: then beyond this fails, and nothing given means fail."""
    description: str = ""


class RunTimeGate(Block):
    """How long a build may take."""

    enabled: bool = True
    marginal_minutes: Annotated[Decimal, Field(gt=0)] = Decimal(60)
    fail_minutes: Annotated[Decimal, Field(gt=0)] = Decimal(90)


class SwitchGate(Block):
    """A gate that knows only yes and no."""

    enabled: bool = True


class ObjectKindsGate(Block):
    """Kinds of objects that a swap would break; those named here are refused in a promoted database."""

    enabled: bool = True
    refused: tuple[
        Literal["STREAM", "TASK", "PIPE", "DYNAMIC TABLE", "MATERIALIZED VIEW", "EXTERNAL TABLE", "ALERT"], ...
    ] = ("STREAM", "TASK", "PIPE", "DYNAMIC TABLE", "MATERIALIZED VIEW", "EXTERNAL TABLE", "ALERT")


class Gates(Block):
    """The gates of one environment."""

    dbt: DbtGate = DbtGate()
    quality: QualityGate = QualityGate()
    row_count: RowCountGate = RowCountGate()
    columns: ColumnsGate = ColumnsGate()
    metrics: tuple[Metric, ...] = ()
    run_time: RunTimeGate = RunTimeGate()
    self_containment: SwitchGate = SwitchGate()
    access_parity: SwitchGate = SwitchGate()
    foreign_writer: SwitchGate = SwitchGate()
    object_kinds: ObjectKindsGate = ObjectKindsGate()
    marginal: Literal["ask", "pass", "fail"] = "ask"
    """What a marginal result means when nobody is asked."""


class Check(Block):
    """One query on live after cut-over, by the live name, as a consumer role; it returns the rows that are wrong."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    sql: Query
    expect: Literal["no_rows", "rows"] = "no_rows"
    environments: tuple[EnvironmentName, ...] = ()
    """Only there; none named: everywhere."""
    description: str = ""


class _Checks(Block):
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of the project."""

    defaults: Gates
    by_environment: Mapping[str, Gates]
    all_checks: tuple[Check, ...]

    def gates(self, environment: str) -> Gates:
        """Return the gates of one environment."""
        return self.by_environment.get(environment, self.defaults)

    def checks(self, environment: str) -> tuple[Check, ...]:
        """Return the checks that live of this environment must pass."""
        return tuple(one for one in self.all_checks if not one.environments or environment in one.environments)


def load_policies(folder: Path, environments: tuple[str, ...] = ()) -> Policies:
    """Return the policies of a folder: gates.yml (defaults, and what differs per environment) and checks.yml."""
    path = folder / "gates.yml"
    content = read_yaml(path)
    for key in content:
        if key not in {"defaults", "environments"}:
            raise _refuse(path, str(key), "unknown key", "defaults or environments")
    defaults = _mapping(content.get("defaults") or {}, path, "defaults")
    per_environment: dict[str, Gates] = {}
    for name, block in _mapping(content.get("environments") or {}, path, "environments").items():
        if environments and name not in environments:
            raise _refuse(path, f"environments.{name}", "there is no such environment", ", ".join(environments))
        merged = _over(defaults, _mapping(block or {}, path, f"environments.{name}"))
        per_environment[str(name)] = validated(merged, Gates, f"{path}: environments.{name}")
    checks = read_model(folder / "checks.yml", _Checks).checks
    _unique([one.name for one in checks], folder / "checks.yml")
    return Policies(validated(defaults, Gates, f"{path}: defaults"), per_environment, checks)


def _over(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    made = dict(under)
    for key, value in over.items():
        below = made.get(key)
        made[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return made


def _mapping(value: object, path: Path, field: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _refuse(path, field, "a mapping is expected here", "key: value")
    return {str(key): one for key, one in value.items()}


def _unique(names: list[str], path: Path) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _refuse(path, "checks", f"the name {name} is used twice", f"{name}_2")


def _refuse(path: Path, field: str, message: str, good: str) -> SpecError:
    return SpecError(message, where=f"{path}: {field}", value=field, good=good, untouched="everything")
