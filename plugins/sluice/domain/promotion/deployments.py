"""A deployment: one release brought to one environment; and what each of its stages reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Literal, cast, get_args

from sluice.domain.promotion.evidence import Evidence
from sluice.errors import SpecError

Kind = Literal["promotion", "refresh", "rollback", "provision"]


class Undone(StrEnum):
    """What undoing a deployment came to: the fact `outcome` of its report."""

    NOTHING = "nothing to undo"
    STOPPED = "stopped before the swap"
    SWAPPED_BACK = "swapped back"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was asked for; every stage is keyed by its id and finds the rest in the account and the journal."""

    id: str
    environment: str
    kind: Kind
    release: str
    """The release to bring in; of a rollback: the release of the deployment that comes back."""
    full_refresh: bool = False
    keep_candidate: bool = False
    reason: str = ""
    actor: str = ""
    restores: str | None = None
    """Of a rollback: the retained deployment that becomes live again."""
    project: str = ""
    """The dbt project's name, for people; empty where no release is named."""

    def to_json(self) -> dict[str, object]:
        """Return the deployment as primitives, as XCom and the journal carry it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Deployment:
        """Return the deployment that `to_json` wrote."""
        kind = value.get("kind")
        if kind not in get_args(Kind) or not {"id", "environment", "release"} <= set(value):
            raise SpecError(
                "not a deployment", where="deployment", value=dict(value), good="the JSON that the plan stage returned"
            )
        restores = value.get("restores")
        return cls(
            id=str(value["id"]),
            environment=str(value["environment"]),
            kind=cast("Kind", kind),
            release=str(value["release"]),
            full_refresh=bool(value.get("full_refresh", False)),
            keep_candidate=bool(value.get("keep_candidate", False)),
            reason=str(value.get("reason") or ""),
            actor=str(value.get("actor") or ""),
            restores=str(restores) if restores is not None else None,
            project=str(value.get("project") or ""),
        )


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage found and did, in one line, in facts, and as evidence of gates."""

    stage: str
    summary: str
    facts: Mapping[str, object] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the report as primitives."""
        return {
            "stage": self.stage,
            "summary": self.summary,
            "facts": dict(self.facts),
            "evidence": [finding.to_json() for finding in self.evidence],
        }

    def short(self, most: int = 100) -> StageReport:
        """Return the report with at most so many entries in each list of its facts, as XCom keeps it."""
        return replace(self, facts={name: _short(value, most) for name, value in self.facts.items()})

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> StageReport:
        """Return the report that `to_json` wrote."""
        facts, evidence = value.get("facts"), value.get("evidence")
        return cls(
            stage=str(value["stage"]),
            summary=str(value["summary"]),
            facts=dict(facts) if isinstance(facts, Mapping) else {},
            evidence=tuple(Evidence.from_json(finding) for finding in evidence)
            if isinstance(evidence, list | tuple)
            else (),
        )


def _short(value: object, most: int) -> object:
    if isinstance(value, list | tuple) and len(value) > most:
        return [*value[:most], f"… and {len(value) - most} more"]
    return value
