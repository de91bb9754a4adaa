"""What include/policies may say: thresholds of the gates, and the checks that live must pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sluice.domain.specs.blocks import Block, EnvironmentName, Kind, Name
from sluice.domain.yaml_loader import FileError, each_error, nearest, read_model, read_yaml, validated
from sluice.errors import SpecError

_SECTIONS = ("defaults", "kinds", "environments")
Percent = Annotated[Decimal, Field(ge=0, le=1000)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


def _select(text: str) -> str:
    if not re.match(r"\s*(select|with)\b", text, re.IGNORECASE) or ";" in text.rstrip().rstrip(";"):
        raise ValueError("one SELECT, e.g. select count(*) from marts.fct_orders")
    return text.strip().rstrip(";")


Query = Annotated[str, AfterValidator(_select)]


class SwitchGate(Block):
    """A gate that is on or off; the others have limits as well."""

    enabled: bool = True


class DbtGate(SwitchGate):
    """No model failed; of tests, at most so many warn."""

    warnings_marginal: Annotated[int, Field(ge=0)] = 0
    """More warnings than this: marginal."""
    warnings_fail: Annotated[int, Field(ge=0)] | None = None
    """More warnings than this: fail; nothing: warnings never fail."""


class QualityGate(SwitchGate):
    """The share of data tests that pass, weighted by rows where known."""

    pass_at: Share = Decimal("0.95")
    marginal_at: Share = Decimal("0.90")


class RowCountGate(SwitchGate):
    """How far the rows of a table may drift from live's, in percent of live's."""

    shrink_marginal: Percent = Decimal(5)
    shrink_fail: Percent = Decimal(20)
    grow_marginal: Percent = Decimal(50)
    grow_fail: Percent = Decimal(200)
    ignore_below_rows: Annotated[int, Field(ge=0)] = 100
    """Tables smaller than this in live are not judged."""
    schemas: tuple[Name, ...] = ()
    """Only these schemas; none named: all."""


class ColumnsGate(SwitchGate):
    """Columns that consumers know are still there, with their types."""

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


class RunTimeGate(SwitchGate):
    """How long a build may take."""

    marginal_minutes: Annotated[Decimal, Field(gt=0)] = Decimal(60)
    fail_minutes: Annotated[Decimal, Field(gt=0)] = Decimal(90)


class ObjectKindsGate(SwitchGate):
    """Kinds of objects that a swap would break; those named here are refused in a promoted database."""

    refused: tuple[
        Literal["STREAM", "TASK", "PIPE", "DYNAMIC TABLE", "MATERIALIZED VIEW", "EXTERNAL TABLE", "ALERT"], ...
    ] = ("STREAM", "TASK", "PIPE", "DYNAMIC TABLE", "MATERIALIZED VIEW", "EXTERNAL TABLE", "ALERT")


class OutsideConsumersGate(SwitchGate):
    """What hangs on live from outside it, and would stay with the former one; what is named here may."""

    accepted: tuple[str, ...] = ()
    """Names as the evidence says them: `OTHER.PUBLIC.NEWS` of a stream, `PARTNERS` of a share."""


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
    outside_consumers: OutsideConsumersGate = OutsideConsumersGate()
    marginal: Literal["ask", "pass", "fail"] = "ask"
    """What a marginal result means when nobody is asked."""


class Check(Block):
    """One query on live after cut-over, by the live name, as a consumer role; it returns the rows that are wrong."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    sql: Query
    expect: Literal["no_rows", "rows"] = "no_rows"
    environments: tuple[EnvironmentName, ...] = ()
    kinds: tuple[Kind, ...] = ()
    """Only in these environments and in those of these kinds; neither said: everywhere."""
    description: str = ""
    show: tuple[str, ...] = ()
    """Columns whose values the evidence may show, of the first rows; of others it names the column alone."""


class _Checks(Block):
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of the project."""

    defaults: Gates
    by_environment: Mapping[str, Gates]
    """Of those that the file names: over their kind's, and these over the defaults."""
    all_checks: tuple[Check, ...]
    by_kind: Mapping[Kind, Gates] = field(default_factory=dict)
    """Of the kinds that the file names: over the defaults."""

    def gates(self, environment: str, kind: Kind) -> Gates:
        """Return the gates of one environment: those under its name, else its kind's, else the defaults."""
        return self.by_environment.get(environment) or self.by_kind.get(kind) or self.defaults

    def checks(self, environment: str, kind: Kind) -> tuple[Check, ...]:
        """Return the checks that live of this environment must pass."""
        return tuple(
            check
            for check in self.all_checks
            if not (check.environments or check.kinds) or environment in check.environments or kind in check.kinds
        )


def load_policies(folder: Path, environments: Mapping[str, Kind]) -> Policies:
    """Return the policies of a folder, gates.yml and checks.yml, for the environments that stand, or refuse them.

    In gates.yml `environments` counts over `kinds`, and `kinds` over `defaults`; a list is replaced as a whole.
    """
    policies, errors = readable_policies(folder, environments)
    if errors:
        raise FileError(errors)
    return policies


def readable_policies(folder: Path, environments: Mapping[str, Kind]) -> tuple[Policies, list[SpecError]]:
    """Return what can be read of the policies, and what is wrong with the rest."""
    path, errors = folder / "gates.yml", list[SpecError]()
    content: Mapping[str, object] = {}
    try:
        content = read_yaml(path)
    except SpecError as error:
        errors.append(error)
    for key in content:
        if key not in _SECTIONS:
            errors.append(_refuse(path, str(key), "unknown key", nearest(str(key), _SECTIONS)))
    blocks = {section: _mapping(content.get(section), path, section, errors) for section in _SECTIONS}
    defaults = _right(blocks["defaults"], f"{path}: defaults", errors)
    kinds = {
        kind: _right(_over(defaults, block), f"{path}: kinds.{kind}", errors)
        for kind, block in _blocks(blocks["kinds"], tuple(Kind), path, "kinds", errors)
    }
    names = {
        name: _right(_over(kinds.get(environments[name], defaults), block), f"{path}: environments.{name}", errors)
        for name, block in _blocks(blocks["environments"], tuple(environments), path, "environments", errors)
    }
    return Policies(
        defaults=Gates.model_validate(defaults),
        by_environment={name: Gates.model_validate(content) for name, content in names.items()},
        all_checks=_checks(folder / "checks.yml", environments, errors),
        by_kind={Kind(kind): Gates.model_validate(content) for kind, content in kinds.items()},
    ), errors


def _blocks(
    section: Mapping[str, object], known: tuple[str, ...], path: Path, title: str, errors: list[SpecError]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield what the file says of each kind, or environment, that there is."""
    for name, block in section.items():
        if name in known:
            yield name, _mapping(block, path, f"{title}.{name}", errors)
        else:
            message = f"there is no such {title.removesuffix('s')}"
            errors.append(_refuse(path, f"{title}.{name}", message, nearest(name, known)))


def _right(content: dict[str, object], where: str, errors: list[SpecError]) -> dict[str, object]:
    """Return what says the gates rightly; nothing where it does not, so that what counts over it is not wrong too."""
    try:
        validated(content, Gates, where)
    except SpecError as error:
        errors += each_error(error)
        return {}
    return content


def _checks(path: Path, environments: Mapping[str, Kind], errors: list[SpecError]) -> tuple[Check, ...]:
    try:
        checks = read_model(path, _Checks).checks
    except SpecError as error:
        errors += each_error(error)
        return ()
    names = [check.name for check in checks]
    errors += [
        _refuse(path, "checks", f"the name {name} is used twice", f"{name}_2")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    errors += [
        _refuse(
            path, f"checks.{check.name}.environments", f"there is no environment {name}", nearest(name, environments)
        )
        for check in checks
        for name in check.environments
        if name not in environments
    ]
    return checks


def _over(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _mapping(value: object, path: Path, field: str, errors: list[SpecError]) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        errors.append(_refuse(path, field, "a mapping is expected here", "key: value"))
        return {}
    return {str(key): item for key, item in value.items()}


def _refuse(path: Path, field: str, message: str, good: str) -> SpecError:
    return SpecError(message, where=f"{path}: {field}", value=field, good=good, untouched="everything")
