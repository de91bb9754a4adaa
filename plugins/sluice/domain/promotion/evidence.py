"""Evidence: what a gate saw, what it allows, and so whether a deployment may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a gate says; the worst of all decides."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    MARGINAL = "marginal"
    FAIL = "fail"


RANK = {Verdict.PASS: 0, Verdict.MARGINAL: 1, Verdict.FAIL: 2}
"""How bad a verdict is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One gate's finding: observed against limit, with the names a reader has to look at."""

    gate: str
    verdict: Verdict
    observed: str
    limit: str
    detail: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the finding as primitives, as the journal and XCom keep it."""
        return {**asdict(self), "verdict": self.verdict.value, "detail": list(self.detail)}

    @classmethod
    def from_json(cls, value: dict[str, object]) -> Evidence:
        """Return the finding that `to_json` wrote."""
        detail = value.get("detail")
        return cls(
            gate=str(value["gate"]),
            verdict=Verdict(str(value["verdict"])),
            observed=str(value["observed"]),
            limit=str(value["limit"]),
            detail=tuple(str(line) for line in detail) if isinstance(detail, list | tuple) else (),
        )


def worst(evidence: Iterable[Evidence]) -> Verdict:
    """Return the verdict that decides: the worst one; no evidence passes nothing."""
    return max((finding.verdict for finding in evidence), key=RANK.__getitem__, default=Verdict.FAIL)


def failed(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return the findings that stop a deployment."""
    return tuple(finding for finding in evidence if finding.verdict is Verdict.FAIL)
